// Package anchor keeps signed checkpoints outside of the store they are about:
// an append-only file with a line per checkpoint, of which the newest of each
// log counts. A store that has gone back behind its anchors cannot hide it. The
// package reads and writes signatures and does not check them: whoever uses an
// anchor does, with the keys it trusts.
package anchor
