// Package overload gives a collector more than it can take, in every way that
// clients have, and reckons afterwards: nothing that was acknowledged is lost,
// nothing is stored twice, the log verifies, memory stayed within its bound, and
// what else the collector serves was served.
//
// The short cases run with the other tests; `make overload` runs them in full
// size.
package overload
