// The part of verify.mjs about what is not in a bundle: whether what is there matches the filter, and whether what is missing may be.
import { CHECKPOINT, micros, need, open, originOf, proof, sha } from './verify.mjs'

const text = (value) => ['string', 'boolean', 'number'].includes(typeof value) ? String(value) : ''
const SIMPLE = { // members of a filter that one member of the record must equal
  action: (r) => r.action, actor_id: (r) => r.actor?.id, actor_type: (r) => r.actor?.type, causation_id: (r) => r.causation_id,
  correlation_id: (r) => r.correlation_id, ip: (r) => r.context?.ip, outcome: (r) => r.outcome, request_id: (r) => r.context?.request_id,
  target_id: (r) => r.target?.id, target_type: (r) => r.target?.type, trace_id: (r) => r.trace_id,
}
const OTHERS = ['action_prefix', 'epoch', 'first_seq', 'last_seq', 'since', 'until']
const RANGE = ['epoch', 'first_seq', 'last_seq']

export const EPOCH = new RegExp(['^otelaudit epoch v1', 'origin (?<origin>\\S+)', 'previous_origin (?<previous>\\S+)', 'previous_size (?<size>\\d+)',
  'previous_root (?<root>\\S{44})', '(?:lost_size \\d+\nlost_root \\S{44}\n)?recorded_at (?<time>\\S{27})', 'reason [^\n]*', '$'].join('\n'))

export function endOf(trust, header, index) { // what signs an epoch: its checkpoint, or the statement that opens the next where it has none
  const epoch = header.epochs[index], ours = originOf(header.log, header.tenant_id, epoch.epoch), opened = (e) => e?.opening && open(trust, e.opening, EPOCH)
  const own = opened(epoch), next = opened(header.epochs[index + 1])
  need(epoch.epoch > 0 ? own?.origin === ours : !own, `no statement opens epoch ${epoch.epoch}`)
  need(!next || next.previous === ours, 'the next epoch follows another log')
  const { size, root } = next ?? { size: '0', root: sha('').toString('base64') }
  if (!epoch.checkpoint) return need(next || own, 'no signature stands for an epoch') ?? { origin: ours, size, root }
  const found = open(trust, epoch.checkpoint, CHECKPOINT)
  return need(found.origin === ours && (!next || next.size === found.size && next.root === found.root), `epoch ${epoch.epoch} ended otherwise`) ?? found
}
function eventTime(record, recordedAt) { // the record's own time, or its arrival where it has none or claims a later one
  const own = BigInt(record.time_unix_nano ?? record.observed_time_unix_nano ?? 0) / 1000n, arrival = micros(recordedAt)
  return own !== 0n && own < arrival ? own : arrival
}
export function matches(filter, line) {
  const { record: r } = line, at = eventTime(r, line.recorded_at)
  for (const [name, want] of Object.entries(filter)) {
    need(name in SIMPLE || OTHERS.includes(name), `this program does not know the member ${name} of the filter`)
    need(!(name in SIMPLE) || text(SIMPLE[name](r)) === want, `seq ${line.seq} does not match the filter: ${name}`)
  }
  need((r.action ?? '').startsWith(filter.action_prefix ?? ''), `seq ${line.seq} does not match the filter: action_prefix`)
  need((filter.epoch ?? line.epoch) === line.epoch, `seq ${line.seq} does not match the filter: epoch`)
  need(line.seq >= (filter.first_seq ?? 0) && line.seq <= (filter.last_seq ?? Infinity), `seq ${line.seq} does not match the filter: seq`)
  need(!filter.since || at >= micros(filter.since), `seq ${line.seq} does not match the filter: since`)
  need(!filter.until || at < micros(filter.until), `seq ${line.seq} does not match the filter: until`)
}
export class Missing { // what is left out of a bundle, gap by gap
  constructor(trust, header) {
    Object.assign(this, { header, removed: 0, from: [], announced: header.epochs.map((epoch) => announcements(trust, header, epoch)) })
    this.all = Object.keys(header.filter).every((name) => RANGE.includes(name)) // every event of the range must be there
  }
  gap(index, begin, end, size) { // entries begin to end-1 of an epoch of so many are left out
    const { filter, epochs } = this.header, pruned = epochs[index].pruned ?? 0
    const first = filter.first_seq ?? 0, last = Math.min(filter.last_seq ?? size - 1, size - 1)
    if (end === size && pruned > first && first <= last) this.from.push(`seq ${pruned} of epoch ${epochs[index].epoch}`)
    for (let seq = Math.max(begin, pruned, first); this.all && seq < Math.min(end, last + 1); seq++, this.removed++)
      need(this.announced[index].some(([from, until]) => from <= seq && seq < until), `seq ${seq} is missing, and no announcement removed it`)
  }
  verdict(manifest) {
    const said = manifest.match(/\nremoved (\d+)\n/)?.[1]
    need(!this.all || Number(said) === this.removed, `${this.removed} events were removed one by one, the manifest says ${said}`)
    return !this.all || this.removed > 0 ? 'attested' : `proven${this.from.map((place) => ` from ${place}`)}`
  }
}
function announcements(trust, header, epoch) { // the ranges whose removal one by one was announced in _system
  const ranges = [], prunes = (epoch.removals ?? []).filter((removal) => {
    const said = JSON.parse(removal.record), what = said.payload ?? {}, { log } = proof(trust, removal.proof, removal.record)
    need(said.tenant_id === '_system' && said.action === 'audit.prune' && log.startsWith(`${header.log}/t-`), 'a removal was not announced in _system')
    need(what.tenant === header.tenant_id && what.epoch === epoch.epoch, 'a removal was announced of another log')
    if (!removal.note) return void ranges.push(...(what.seqs ?? []).map((seq) => Array.isArray(seq) ? seq : [seq, seq + 1]))
    const { origin, size } = open(trust, removal.note, CHECKPOINT)
    need(origin === originOf(header.log, header.tenant_id, epoch.epoch), 'a removal has the checkpoint of another log')
    return need(Number(size) === epoch.pruned && what.size >= epoch.pruned, `${epoch.pruned} events were pruned, announced were ${what.size}`) ?? true
  })
  need(prunes.length === (epoch.pruned > 0 ? 1 : 0), 'events were pruned, and nothing announces it')
  return ranges
}
