// A second verifier of journals, beside verify.mjs: node journal.mjs TRUST DIRECTORY
// Every entry is held against the checkpoint behind it, every segment against the one in front of it. What was cut off
// at the end only a checkpoint kept elsewhere tells: compare it with the last one, which is printed.
// Exit code 0: it holds. 1: it does not. 2: wrong usage, or a file cannot be read.
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, readFileSync, readdirSync } from 'node:fs'
import { EPOCH } from './complete.mjs'
import { CHECKPOINT, Tree, base64, leafOf, need, open, readTrust } from './verify.mjs'

const HEADER = /^\{"journal":.*?"origin":"(?<origin>[^"]+)".*?"created_at":"(?<time>[^"]+)".*\}\n$/
const SEAL = /^\{"seal":.*?"origin":"(?<origin>[^"]+)".*?"sealed_at":"(?<time>[^"]+)".*\}\n$/
const PRUNE = /^\{"prune":.*?"origin":"(?<origin>[^"]+)".*?"pruned_at":"(?<time>[^"]+)".*\}\n$/

function signed(trust, text, pattern) { // a line whose last member are the signatures over the line without it
  open(trust, `${text.slice(0, text.lastIndexOf(',"signatures":'))}}\n\n${JSON.parse(text).signatures}`, pattern)
}
function agree(trust, note, origin, tree, begin) { // the checkpoint is over exactly these entries, the last batch from begin on
  const c = open(trust, note, CHECKPOINT)
  need(c.origin === origin && Number(c.size) === tree.size && c.root === tree.root().toString('base64'), `not the entries of the checkpoint over ${c.size}`)
  need(begin === undefined || Number(c.begin) === begin, `the checkpoint over ${c.begin} entries is not there`)
  return note
}
function pruned(trust, directory, header, root) { // segments in front of the first are gone: the last signed statement in `pruned` says so
  const text = existsSync(`${directory}/pruned`) ? readFileSync(`${directory}/pruned`, 'utf8').trimEnd().split('\n').at(-1) : ''
  need(text, `segments in front of ${header.segment} are missing, and nothing says that they were pruned`) ?? signed(trust, text, PRUNE)
  const { prune } = JSON.parse(text), same = prune.origin === header.origin && prune.size === header.size && prune.root === root
  need(same && prune.last + 1 === header.segment && prune.segments.at(-1).sha256 === header.previous?.sha256, 'the journal does not begin where it was pruned')
}
function startOf(trust, text, before, directory) { // of a segment: its header, and the tree in front of it
  signed(trust, text, HEADER)
  const { journal: header } = JSON.parse(text), tree = new Tree()
  const hashes = base64(header.frontier).toString('hex').match(/.{64}/g) ?? []
  tree.skip(header.size, hashes.map((hash) => Buffer.from(hash, 'hex').toString('base64')))
  if (header.size > 0) agree(trust, header.checkpoint, header.origin, tree)
  if (header.epoch) {
    const { origin, previous, size, root } = open(trust, header.epoch, EPOCH)
    need(origin === header.origin && header.size === 0 && (!before || previous === before.origin), 'the epoch was opened for another log, or behind another')
    need(!before || Number(size) !== before.tree.size || root === before.tree.root().toString('base64'), 'the epoch was opened behind other entries')
  }
  if (!before && header.segment > 1) pruned(trust, directory, header, tree.root().toString('base64'))
  if (before) {
    need(header.segment === before.segment + 1 && header.previous?.sha256 === before.sha256, 'a segment is missing in front of it, or was changed')
    need(header.epoch || header.origin === before.origin && tree.root().equals(before.tree.root()), 'it does not continue the one in front')
  }
  return { segment: header.segment, origin: header.origin, tree, covered: header.size, entries: 0, sealed: false, last: header.checkpoint }
}
function take(trust, bytes, s, hash) { // any other line of a segment
  const text = bytes.toString()
  need(!s.sealed, 'a line behind the seal')
  if (/^\{"(action|quarantine)":/.test(text)) {
    s.tree.add(leafOf(bytes))
    s.entries++
  } else if (text.startsWith('{"checkpoint":')) {
    s.last = agree(trust, JSON.parse(text).checkpoint, s.origin, s.tree, s.covered)
    s.covered = s.tree.size
  } else {
    signed(trust, text, SEAL)
    const { seal } = JSON.parse(text)
    need(seal.sha256 === hash.copy().digest('hex') && seal.origin === s.origin && seal.size === s.tree.size, 'it was sealed with other lines')
    s.sealed = true
  }
}
async function journal(trust, directory) {
  const names = readdirSync(directory).filter((name) => /^segment-\d{12}\.jsonl$/.test(name)).sort()
  let before, rest, entries = 0
  need(names.length > 0, 'no segment in this directory')
  for (const name of names) {
    let s, hash = createHash('sha256'), line = 0
    rest = ''
    try {
      for await (const chunk of createReadStream(`${directory}/${name}`, 'latin1')) {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop()
        for (const bytes of lines.map((text) => Buffer.from(text, 'latin1'))) {
          line++
          if (s) take(trust, bytes, s, hash)
          else s = startOf(trust, bytes.toString(), before, directory)
          hash.update(bytes).update('\n')
        }
      }
      need(s && rest === '' && s.covered === s.tree.size, 'it ends without a checkpoint')
      need(s.sealed || name === names.at(-1), 'it was never sealed, and another follows')
    } catch (problem) {
      throw Object.assign(problem, { message: `${name}: line ${line}: ${problem.message}` })
    }
    before = { ...s, sha256: hash.digest('hex') }
    entries += s.entries
  }
  return { segments: names.length, first: names[0], entries, checkpoint: before.last }
}

try {
  const [trust, directory, ...more] = process.argv.slice(2)
  if (!directory || more.length) throw Object.assign(new Error('usage: journal.mjs TRUST DIRECTORY'), { syscall: 'usage' })
  console.log(await journal(readTrust(readFileSync(trust, 'utf8')), directory))
} catch (problem) {
  console.error(`journal.mjs: ${problem.message}`)
  process.exitCode = problem.syscall ? 2 : 1
}
