// Package bundle is the file that an auditor is handed: the events of one tenant
// that match a filter, the proof that they are in the tenant's signed log, and a
// manifest, signed by the log's key, of what the file holds and what was asked
// for. A trust file is all it takes to verify one.
//
// A bundle is JSON Lines. Every line is written in exactly one way, so a bundle
// with one bit changed is no bundle:
//
//	{"otelaudit_bundle":{"version":1,"log":L,"tenant_id":T,"filter":F,"keys":[…],"epochs":[…]}}
//	{"seq":S,"epoch":E,"recorded_at":R,"proof":[…],"record":{…}}    one per event, by epoch and seq
//	{"end":{"epoch":E,"proof":[…]}}                                 after the events of each epoch
//	{"manifest":"<signed note>"}
//
// The record is the canonical one: SHA-256(0x00 ‖ its bytes) is its leaf. The
// proofs are one proof, cut into pieces: before an event stand the roots of the
// largest complete subtrees that cover what was left out between it and the
// event before, in the order of the tree; the end covers what is left out up to
// the size of the checkpoint. Whoever appends leaves and subtrees in the order of
// the file arrives at the root under the checkpoint's signature, so a bundle of n
// events of a log of m takes a single pass and at most n·log2(m) hashes, and a
// bundle that leaves nothing out takes none.
package bundle
