// Package accessreceiver takes the traces that reads and changes of the store
// leave, out of its outbox and through the collector's pipeline into the signed
// log. It decides what may be an event of the tenant _system in this way, and
// speaks for that tenant to the processor; whether a row may leave the outbox is
// the store's to say, which looks whether the log has it.
package accessreceiver

//go:generate mdatagen metadata.yaml
