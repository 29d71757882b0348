// Package prove makes proofs out of a store and reads those that somebody else
// made: that one event is in a tenant's log (C2SP tlog-proof) and that a log has
// only grown since an old checkpoint (the request body of C2SP tlog-witness).
// Both are files that a trust file is enough to verify.
package prove
