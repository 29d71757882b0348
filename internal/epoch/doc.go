// Package epoch begins a tenant's log anew where it cannot go on: because the
// store has gone back behind checkpoints that are known elsewhere, because its
// newest commit was never signed, or because it is not signed by us. The new
// epoch opens with a signed statement of what is there and what is lost, so the
// break is somebody's word and not only a gap. Nothing of the old epoch is
// touched.
package epoch
