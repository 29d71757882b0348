// evlog's own client: its audit API makes the events, its audit enricher adds
// tenant and request, its OTLP drain sends them. Nothing of the wire format is
// written here, so a change in evlog's format fails the tests.
//
//   node evlog.mjs --endpoint http://127.0.0.1:4318 --shape json|compact --tenant T --run ID
//
// Every event carries run in a place that survives any shape (target.id or
// payload), so that tests share one database. Prints, per event,
// {"name", "acknowledged", "error"?, "event"}: event is the wide event exactly
// as the drain received it.
import { webcrypto } from 'node:crypto'

import {
  AuditDeniedError,
  audit,
  auditDiff,
  auditEnricher,
  createLogger,
  createRequestLogger,
  initLogger,
  signed,
  withAudit,
} from 'evlog'
import { createOTLPDrain } from 'evlog/otlp'

import { argument, report } from './arguments.mjs'

// evlog signs with the global, which Node.js 18 (Debian 12) does not have.
globalThis.crypto ??= webcrypto

const endpoint = argument('endpoint')
const recordShape = argument('shape', 'json')
const tenant = argument('tenant')
const run = argument('run')
const count = Number(argument('count', '0'))

const otlp = createOTLPDrain({ endpoint, recordShape, serviceName: 'evlog-app', retries: 1, timeout: 5000 })

let current = { name: '', tenant }
const pending = []

/** Enriches and sends one wide event; the outcome is kept for the report. */
async function deliver(ctx, send) {
  const { name, tenant: of } = current
  const sent = deliverOne(name, of, ctx, send)
  pending.push(sent)
  await sent
}

async function deliverOne(name, of, ctx, send) {
  const request = { requestId: `req-${run}-${name}` }
  await auditEnricher({ tenantId: () => of })({
    event: ctx.event,
    request,
    headers: { 'x-forwarded-for': '203.0.113.7, 10.0.0.1', 'user-agent': 'testbed/1.0' },
  })
  try {
    await send(ctx)
    report({ name, acknowledged: true, event: ctx.event })
  } catch (error) {
    report({ name, acknowledged: false, error: String(error?.message ?? error), event: ctx.event })
  }
}

const chained = signed((ctx) => otlp.raw(ctx), { strategy: 'hash-chain' })

initLogger({
  env: { service: 'evlog-app', environment: 'test', version: '1.2.3' },
  pretty: false,
  silent: true,
  // Our redaction must do it, not evlog's.
  redact: false,
  drain: (ctx) => deliver(ctx, current.chained ? chained : otlp.raw),
})

/** Runs f with every event it makes named name, and waits for the drain. */
async function step(name, f, overrides = {}) {
  current = { name, tenant, ...overrides }
  try {
    await f()
  } catch (error) {
    if (!overrides.throws) throw error
  }
  // The drain is started in a microtask after emit.
  await new Promise((resolve) => setImmediate(resolve))
  await Promise.allSettled(pending)
}

const actor = { type: 'user', id: `usr-${run}`, email: 'ada@example.com', displayName: 'Ada' }
const invoice = (suffix) => ({ type: 'invoice', id: `inv-${run}-${suffix}` })

await step('success', () => audit({ action: 'invoice.create', actor, target: invoice('1'), correlationId: `cor-${run}` }))

await step('failure', withFailure, { throws: true })
async function withFailure() {
  const refund = withAudit({ action: 'invoice.refund', target: invoice('2') }, async () => {
    throw new Error('card declined')
  })
  await refund({}, { actor, causationId: `cause-${run}` })
}

await step('denied', withDenial, { throws: true })
async function withDenial() {
  const remove = withAudit({ action: 'invoice.delete', target: invoice('3') }, async () => {
    throw new AuditDeniedError('not the owner')
  })
  await remove({}, { actor })
}

await step('changes', () =>
  audit({
    action: 'user.update',
    actor,
    target: { type: 'user', id: `usr-${run}-changed` },
    changes: auditDiff(
      { email: 'old@example.com', password: `hunter2-${run}-before`, plan: 'free', nested: { a: { b: 1 } } },
      { email: 'new@example.com', password: `hunter2-${run}-after`, plan: 'pro', nested: { a: { b: 2 } } },
      { includeBefore: true, includeAfter: true },
    ),
  }),
)

await step('agent', () =>
  audit({
    action: 'document.summarize',
    actor: { type: 'agent', id: `agent-${run}`, model: 'model-x', tools: ['search', 'read'], reason: 'asked by a user', promptId: 'p-1' },
    target: { type: 'document', id: `doc-${run}` },
  }),
)

// Two refunds in one second that differ only in what is not part of evlog's
// derived idempotency key: they are two events.
await step('refund-10', () => wide({ action: 'invoice.refund', actor, target: { ...invoice('same'), amount: 10 }, outcome: 'success' }))
await step('refund-20', () => wide({ action: 'invoice.refund', actor, target: { ...invoice('same'), amount: 20 }, outcome: 'success' }))
await step('refund-other-tenant', () => wide({ action: 'invoice.refund', actor, target: { ...invoice('same'), amount: 10 }, outcome: 'success' }), {
  tenant: `${tenant}-other`,
})

await step('explicit-key', () => wide({ action: 'order.place', actor, target: { type: 'order', id: `ord-${run}` }, outcome: 'success', idempotencyKey: `key-${run}` }))

await step('request', () => {
  const log = createRequestLogger({ method: 'POST', path: '/checkout', requestId: `req-${run}-top` })
  log.set({ cart: { items: 3, total: 129.5 }, headers: { authorization: `Bearer secret-${run}` } })
  log.audit({ action: 'checkout.complete', actor, target: { type: 'cart', id: `cart-${run}` } })
  log.emit()
})

await step('anonymous-denial', () => {
  const log = createLogger({})
  log.set({ audit: { action: 'login.attempt', outcome: 'denied', reason: 'unknown user', version: 1, target: { type: 'session', id: `ses-${run}` } } })
  log.emit()
})

await step('signed', () => audit({ action: 'report.export', actor, target: { type: 'report', id: `rep-${run}` } }), { chained: true })

await step('ordinary', () => {
  const log = createRequestLogger({ method: 'GET', path: '/health' })
  log.set({ run, auditor: 'not audit', user: { audit: true } })
  log.emit()
})

// As a drain pipeline does it: many events in one request.
if (count > 0) {
  const events = []
  for (let i = 0; i < count; i++) {
    events.push({
      event: {
        timestamp: new Date().toISOString(),
        level: 'info',
        service: 'evlog-app',
        environment: 'test',
        audit: { action: 'item.import', actor, target: { type: 'item', id: `item-${run}-${i}` }, outcome: 'success', version: 1, context: { tenantId: tenant } },
      },
    })
  }
  let error
  await otlp.raw(events).catch((e) => (error = String(e?.message ?? e)))
  for (const { event } of events) report({ name: 'batch', acknowledged: !error, error, event })
}

/** One wide event with audit fields that the helper functions do not take. */
function wide(fields) {
  const log = createLogger({})
  log.set({ audit: { version: 1, ...fields } })
  log.emit()
}
