// Package journal writes and reads the second sink: audit records in files of
// JSON Lines, each batch durable and under a signature before it is
// acknowledged, so that PostgreSQL can be held against something that was
// written at the same time and can be moved out of everybody's reach.
//
// # Files
//
// A directory holds one journal and belongs to one writer, which holds a flock
// on the file lock:
//
//	segment-000000000001.jsonl            lines, see below; mode 0600, sealed 0400
//	segment-000000000001.torn-<time>      a tail that a crash left, never acknowledged
//	pruned                                signed statements about removed segments
//	lock, prune.lock                      locks; their content is a process id
//	segment-000000000002.jsonl.new        a segment that is being made
//
// Segments are numbered from 1 without a gap; their names sort by number. The
// entries of all segments of one epoch are one RFC 6962 tree.
//
// # Lines
//
// Every line ends in a newline. What it is, its first member says:
//
//	{"journal":{…},"signatures":"…"}   header, the first line and no other
//	{"action":…}                       entry: the canonical bytes of a record
//	{"quarantine":{…}}                 entry: what could not become an event
//	{"checkpoint":"…", …}              end of a batch
//	{"seal":{…},"signatures":"…"}      the last line of a sealed segment
//
// The leaf of an entry is SHA-256(0x00 ‖ line without its newline). The other
// lines are control lines and no entries of the tree. A control line has exactly
// one spelling; any other is damage.
//
// The header has v (1), origin, segment (its number), size (entries of the tree
// in front of it), frontier (base64 of their subtrees' roots, largest first),
// previous (file name and SHA-256 of the segment in front; absent in segment 1),
// created_at, checkpoint (the signed checkpoint of exactly size; absent at size
// 0) and epoch (the signed statement that opened the epoch; only in its first
// segment). A checkpoint line ends each batch: checkpoint is a C2SP
// tlog-checkpoint (package merkle) over all entries up to here, frontier, at the
// first batch that ends 64 KiB or more behind the last one, is that of its tree,
// and macs maps the index of an entry in the tree to the MAC its sender gave it.
// The seal has
// origin, segment, size, sha256 (of all bytes in front of its line) and
// sealed_at.
//
// Headers, seals and statements are signed as they stand: signatures are the
// signature lines of a C2SP signed note whose text is the line without the
// member signatures, and a newline.
//
// # What proves what
//
// A changed, removed, inserted or moved entry: the next checkpoint's root. A
// changed header or seal: its own signature. Changed MACs or checkpoint lines:
// the seal's sha256 (in the newest segment, which has none, a MAC proves itself),
// and in the last file of an epoch the next header's previous. Behind a changed
// entry nothing is proven until the next frontier or header.
// A segment missing in the middle: the next header's number, size, frontier and
// previous. A segment missing in front: no statement in pruned ends there. A
// segment missing at the end, or a tail that was cut off: only an anchor, a copy
// of a checkpoint kept elsewhere. Each segment verifies alone: its frontier
// folds to the root of the checkpoint in its header, and its entries to the
// others.
//
// # API
//
// ReadDirectory lists a directory; Directory.Lines streams the lines of all its
// segments, Segment.Lines those of one, and NewReader those of any stream.
// Damage is a line of kind Damaged that says what is wrong; reading goes on
// behind it. Reading needs no key and no lock: a directory may be read while it
// is written, when its last lines may be incomplete. Open makes a Writer.
package journal
