// A second verifier, written from docs/integrity.md and not from the Go code. Node.js 18 or newer, nothing else.
// Exit code 0: it holds, and standard output says what. 1: it does not. 2: wrong usage, or a file cannot be read.
import { createHash, createPublicKey, verify } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { Missing, endOf, matches } from './complete.mjs'
export const need = (holds, otherwise) => { if (!holds) throw new Error(otherwise) }
export const sha = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()
export const leafOf = (bytes) => sha(Buffer.of(0), bytes), nodeOf = (left, right) => sha(Buffer.of(1), left, right) // RFC 6962
const jcs = (v) => Array.isArray(v) ? `[${v.map(jcs)}]` : v === null || typeof v !== 'object' ? JSON.stringify(v) // RFC 8785
  : `{${Object.keys(v).sort().map((name) => `${JSON.stringify(name)}:${jcs(v[name])}`)}}`
export const base64 = (text) => { const b = Buffer.from(text ?? '', 'base64'); need(b.toString('base64') === text, 'not base64'); return b }
export const micros = (t) => BigInt(Date.parse(t.replace(/\.\d+/, ''))) * 1000n + BigInt((t.match(/\.(\d+)/)?.[1] ?? '').padEnd(6, '0').slice(0, 6))
export const originOf = (log, tenant, epoch) => `${log}/t-${sha(tenant).toString('hex', 0, 16)}${epoch > 0 ? `/e${epoch}` : ''}`
export class Tree { // the roots of complete subtrees, largest first, with the number of entries under each
  size = 0; nodes = []; root = () => this.nodes.reduceRight((right, [left]) => right ? nodeOf(left, right) : left, null) ?? sha('')
  add(hash, count = 1) {
    for (this.size += count; this.nodes.at(-1)?.[1] === count; count *= 2) hash = nodeOf(this.nodes.pop()[0], hash)
    this.nodes.push([hash, count])
  }
  skip(to, hashes) { // entries that are left out, by the roots of the largest subtrees that fit, in order
    const widest = (count) => this.size % (count * 2) === 0 && this.size + count * 2 <= to ? widest(count * 2) : count
    for (const hash of hashes) this.add(base64(hash), widest(1))
    need(this.size === to, `${hashes.length} hashes do not lead to entry ${to}`)
  }
}
function rootOf(index, size, leaf, path) { // of an inclusion proof, RFC 9162, section 2.1.3
  need(index < size && (size > 1) === (path.length > 0), 'the proof has another number of hashes than it must')
  const half = 2 ** Math.floor(Math.log2(size - 1)), rest = path.slice(0, -1), top = path.at(-1)
  return size === 1 ? leaf : index < half ? nodeOf(rootOf(index, half, leaf, rest), top) : nodeOf(top, rootOf(index - half, size - half, leaf, rest))
}
export const readTrust = (text) => text.split('\n').filter((line) => /^\s*[^#\s]/.test(line)).slice(1).map((line) => {
  const [, name, id, key, log, from, until] = line.match(/^\s*(\S+?)\+(\w{8})\+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s*$/) ?? []
  need(name && name === log && sha(`${name}\n`, base64(key)).toString('hex', 0, 4) === id, 'the trust file has a damaged line')
  return { name, id, from, until, key: createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: base64(key).toString('base64url', 1) } }) }
})
export function open(trust, note, pattern) { // a C2SP signed note; returns what the pattern finds in its text: origin, time and more
  const end = note.lastIndexOf('\n\n') + 1, text = note.slice(0, end), found = text.match(pattern)?.groups
  need(found && note.endsWith('\n'), 'not a signed text of this kind')
  const at = found.time && micros(found.time), signers = note.slice(end + 1, -1).split('\n').flatMap((line) => {
    const [, name, signature] = line.match(/^— (\S+) (\S+)$/) ?? [], raw = base64(signature)
    const keys = trust.filter((k) => k.name === name && k.id === raw.toString('hex', 0, 4))
    need(keys.every((k) => verify(null, Buffer.from(text), k.key, raw.subarray(4))), 'a signature does not fit its text')
    return keys.filter((k) => (k.from === '-' || micros(k.from) <= at) && (k.until === '-' || at < micros(k.until)))
  })
  return need(signers.some((k) => found.origin.startsWith(`${k.name}/`)), `no trusted key signed for ${found.origin}`) ?? found
}
export const CHECKPOINT = /^(?<origin>\S+)\n(?<size>0|[1-9]\d*)\n(?<root>\S{44})\n(recorded_at (?<time>\S{27})\nprev_size (?<begin>0|[1-9]\d*)\n)?$/ // C2SP
async function bundle(trust, path) {
  let header, manifest, missing, tree = new Tree(), done = 0, rest = '', found = { count: 0 }, hash = createHash('sha256')
  const take = (bytes) => {
    const line = need(!manifest, 'more follows the manifest') ?? JSON.parse(bytes), epoch = header?.epochs[done]
    if (!header) missing = need((header = line.otelaudit_bundle)?.version === 1, 'not a bundle of version 1') ?? new Missing(trust, header)
    else if (line.record) {
      need(line.epoch === epoch?.epoch && line.seq >= tree.size && line.record.tenant_id === header.tenant_id, `seq ${line.seq} has no place here`)
      missing.gap(done, tree.size, line.seq, Infinity), tree.skip(line.seq, line.proof)
      matches(header.filter, line), tree.add(leafOf(jcs(line.record)))
      found = { count: found.count + 1, first: found.first ?? `${line.epoch}/${line.seq}`, last: `${line.epoch}/${line.seq}` }
    } else if (line.end) {
      const { origin, size, root } = endOf(trust, header, done)
      missing.gap(done, tree.size, Number(size), Number(size)), tree.skip(Number(size), line.end.proof)
      need(line.end.epoch === epoch.epoch && root === tree.root().toString('base64'), `the events do not lead to the root of ${origin}`)
      tree = new Tree(done++)
    } else {
      manifest = open(trust, line.manifest, /^otelaudit bundle v1\norigin (?<origin>\S+)(?<said>\n[^]*)created_at (?<time>\S{27})\n$/)
      need(done === header.epochs.length && manifest.origin === originOf(header.log, header.tenant_id), 'the manifest is of another bundle')
      const lines = Object.entries({ first: '-', last: '-', ...found, sha256: hash.copy().digest('base64') }).map(([name, value]) => `\n${name} ${value}\n`)
      need(lines.every((text) => manifest.said.includes(text)), `the manifest does not say ${lines.join('')}`)
    }
    hash.update(bytes).update('\n')
  }
  for await (const chunk of createReadStream(path, 'latin1')) rest = (rest + chunk).split('\n').reduce((one, next) => take(Buffer.from(one, 'latin1')) ?? next)
  need(manifest && rest === '', 'the bundle was cut short')
  return { tenant_id: header.tenant_id, filter: header.filter, ...found, complete: missing.verdict(manifest.said), created_at: manifest.time }
}
export function proof(trust, file, record) {
  const [, index, hashes, note] = file.match(/^c2sp\.org\/tlog-proof@v1\nindex (0|[1-9]\d*)\n((?:\S{44}\n)*)\n([^]+)$/) ?? need(false, 'not a tlog-proof')
  const c = open(trust, note, CHECKPOINT), r = JSON.parse(record), [, log, epoch] = c.origin.match(/^(.*)\/t-\w{32}(?:\/e(\d+))?$/)
  need(originOf(log, r.tenant_id, epoch) === c.origin, 'the record is of another tenant')
  const root = rootOf(Number(index), Number(c.size), leafOf(record), hashes.split('\n').slice(0, -1).map(base64)).toString('base64')
  need(root === c.root && jcs(r) === record, 'the proof does not lead to the root, or the record is not canonical')
  return { event_id: r.event_id, tenant_id: r.tenant_id, log: c.origin, seq: Number(index), size: Number(c.size), recorded_no_later_than: c.time }
}
function vector(v) { // the test vectors of this repository: records, the checkpoint over all of them, the proof of one
  const trust = readTrust(`-\n${v.vkey} ${v.vkey.split('+')[0]} - -`), tree = new Tree(), file = v.proof ?? v.inclusion_proof
  const lines = (v.records ?? v.canonical_records.map(JSON.parse)).map(jcs), checkpoint = open(trust, v.checkpoint ?? v.commits.at(-1).note, CHECKPOINT)
  for (const line of lines) tree.add(leafOf(line))
  need(checkpoint.root === tree.root().toString('base64'), 'the records do not lead to the root')
  return { root: tree.root().toString('hex'), ...proof(trust, file, lines[file.match(/index (\d+)/)[1]]) }
}
const read = (path) => readFileSync(path, 'utf8'), [kind, ...names] = process.argv.slice(2)
if (process.argv[1]?.endsWith('verify.mjs')) try {
  if (kind === 'bundle' && names.length === 2) console.log(await bundle(readTrust(read(names[0])), names[1]))
  else if (kind === 'proof' && names.length === 3) console.log(proof(readTrust(read(names[0])), read(names[1]), read(names[2])))
  else if (kind === 'vector' && names.length === 1) console.log(vector(JSON.parse(read(names[0]))))
  else throw Object.assign(new Error('usage: verify.mjs bundle TRUST BUNDLE | proof TRUST PROOF RECORD | vector FILE'), { syscall: 'usage' })
} catch (problem) {
  console.error(`verify.mjs: ${problem.message}`)
  process.exitCode = problem.syscall ? 2 : 1
}
