package pgproxy

import (
	"bytes"
	"strings"
	"time"
)

// Direction is the way of a message.
type Direction int

// The two directions.
const (
	ToServer Direction = iota
	ToClient
)

// Message is one message of the protocol as it passes.
type Message struct {
	Direction Direction
	Type      byte   // as in the protocol's documentation, or in TLS's; 0 for what a client says before it has a type
	TLS       bool   // a record of TLS: only its framing can be read
	Body      []byte // without type and length; valid during the call
	// SQL is the statement that a Query, Parse, Bind or Execute is about, by the
	// name under which the client prepared it.
	SQL string
}

// CommitAnswer matches the server's word that a transaction is committed.
func CommitAnswer(m Message) bool {
	return m.Direction == ToClient && m.Type == 'C' && bytes.HasPrefix(m.Body, []byte("COMMIT"))
}

// CommitRequest matches a client's wish to commit.
func CommitRequest(m Message) bool { return m.executes("COMMIT") }

// executes reports whether the message has the server carry out a statement that
// begins so.
func (m Message) executes(statement string) bool {
	return m.Direction == ToServer && (m.Type == 'Q' || m.Type == 'E') && strings.HasPrefix(m.SQL, statement)
}

// CopyData matches a piece of COPY's rows on the way to the server.
func CopyData(m Message) bool { return m.Direction == ToServer && m.Type == 'd' }

// CopyDone matches the end of COPY's rows.
func CopyDone(m Message) bool { return m.Direction == ToServer && m.Type == 'c' }

// LockRequest matches the statement that locks the tenants of a transaction.
func LockRequest(m Message) bool {
	return m.Direction == ToServer && m.Type == 'E' && strings.Contains(m.SQL, "pg_advisory_xact_lock")
}

// AnyAnswer matches whatever the server says once a client has logged in.
func AnyAnswer(m Message) bool { return m.Direction == ToClient && m.Type != 0 && !m.TLS }

// Anything matches every message and, with TLS, every record but those of the handshake.
func Anything(m Message) bool { return m.TLS && m.Type == tlsData || !m.TLS && m.Type != 0 }

// tlsData is the type of a TLS record that holds data.
const tlsData = 23

// Action is what happens to the message that a rule chose.
type Action int

// The actions. Cut and CutAfter reset both connections, as a firewall does that
// forgot them; CutHalf does so after half of the message's bytes.
const (
	Cut           Action = iota // before the message
	CutAfter                    // after the message has been passed on
	CutHalf                     // in the middle of it
	Stall                       // nothing passes in this direction for Rule.For, then all of it
	Corrupt                     // a bit of the body is flipped
	CorruptHeader               // a bit of the type or the length is flipped
	Pause                       // nothing passes in this direction until Rule.Call has returned
)

// Rule is a fault: what happens to which message.
type Rule struct {
	Match func(Message) bool
	After int // matches that pass unharmed first
	Times int // faults before the rule is spent; 0 means 1
	Do    Action
	For   time.Duration // of Stall
	// Call is what happens during a Pause; port is the client's end of the connection.
	Call func(port int)
	Bit  int // of Corrupt and CorruptHeader: which bit, modulo the length
	// Where chooses the bit by the message. Absent: Bit.
	Where func(Message) int
}

func (r *Rule) bit(m Message) int {
	if r.Where != nil {
		return r.Where(m)
	}
	return r.Bit
}
