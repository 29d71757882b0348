// Package database holds the doctor's checks of a store: who may do what, whether
// the catalog is what the migrations made, how the server and its upkeep are set,
// the log's keys and anchors, and what the events themselves give away.
//
// Every statement runs in a transaction that is rolled back, with a lock timeout
// so short that no writer waits behind it. What must be refused is really tried,
// on no row; what is not refused is a finding, and undone.
package database
