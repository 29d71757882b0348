// Package seal signs what a store's writer commits, and refuses to sign behind a
// head that this log did not leave: one that is behind what was written, that
// has another root, that is not signed or not by us. It implements store.Sealer
// and remembers in an anchor file, across restarts, how far each tenant's log
// had come.
package seal
