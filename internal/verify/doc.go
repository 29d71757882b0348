// Package verify proves that a store or a journal is what was signed, or says
// exactly what is not: it recomputes every leaf from the columns that a reader
// sees, every root, and holds them against the signed checkpoint of every
// commit and against anchors, the checkpoints that were copied out of the
// database administrator's reach. It writes nothing and needs no secret.
//
// # What is believed
//
// The trust file, the anchors and the state of an earlier run are the
// verifier's own. Of the store nothing is believed but that the server answers
// what the tables hold; a view in the place of a table is for `doctor` to find.
//
// # Removal
//
// Missing events are tampering unless their removal is proven. A row of
// audit_prunes counts if its note is a valid checkpoint of exactly that size,
// its frontier folds to that root, and the event it names as intent is in a tree
// that verifies: in the tenant's own at a seq that is still there, or in that of
// the tenant _system. The intent's action is audit.prune and its payload holds
//
//	{"epoch": E, "size": N}
//
// and in _system also {"tenant": T}. An event that was removed by itself leaves
// its leaf in audit_pruned_leaves; it counts if the payload of such an event
// names it, by seq or by a range whose end is exclusive:
//
//	{"epoch": E, "seqs": [3, [7, 9]]}
//
// # Concurrency
//
// The newest commit of each log is read first and everything is verified up to
// it; what is written meanwhile is not judged. A log with findings is looked at
// again if a prune was recorded meanwhile.
package verify
