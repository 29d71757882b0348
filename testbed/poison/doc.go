// Package poison is the poison matrix: every kind of bad record that a client
// can send, and what becomes of it. The end-to-end tests send each among 1,000
// good ones, docs/reliability.md prints the table, and the differential fuzz
// begins with it.
package poison
