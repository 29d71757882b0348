package pgproxy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Proxy passes connections on to a server. It is safe for concurrent use.
type Proxy struct {
	listener net.Listener
	target   atomic.Pointer[string]
	rate     atomic.Int64 // bytes per second and direction, 0 for no bound
	refuse   atomic.Bool
	encrypt  atomic.Bool
	faults   atomic.Int64
	slowed   atomic.Int64
	wait     sync.WaitGroup
	closed   chan struct{}

	mu    sync.Mutex // guards rules and pairs
	rules []*armed
	pairs map[*pair]struct{}
}

type armed struct {
	Rule

	seen, done int
}

// pair is a client's connection and the one made for it to the server.
type pair struct{ client, server net.Conn }

// Start listens on a free port of 127.0.0.1 and passes on to target, a host:port.
func Start(target string) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the proxy: %w", err)
	}
	p := &Proxy{listener: listener, closed: make(chan struct{}), pairs: map[*pair]struct{}{}}
	p.Retarget(target)
	p.wait.Go(p.serve)
	return p, nil
}

// Address is where the proxy listens, a host:port.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Retarget sends connections made from now on to another server.
func (p *Proxy) Retarget(target string) { p.target.Store(&target) }

// Arm adds a rule. Rules are tried in the order in which they were armed.
func (p *Proxy) Arm(r Rule) {
	r.Times = max(r.Times, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = append(p.rules, &armed{Rule: r})
}

// Disarm forgets all rules, and with them what they still had to do.
func (p *Proxy) Disarm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = nil
}

// Slow bounds every direction of every connection to so many bytes per second;
// 0 lifts the bound.
func (p *Proxy) Slow(bytesPerSecond int64) { p.rate.Store(bytesPerSecond) }

// Slowed is how many messages have been held up by the bound: those that did not
// fit into a twentieth of a second's share.
func (p *Proxy) Slowed() int { return int(p.slowed.Load()) }

// Refuse resets every new connection at once, until it is called with false.
func (p *Proxy) Refuse(on bool) { p.refuse.Store(on) }

// Encrypt lets connections made from now on speak TLS with the server, where the
// client asks for it; else the proxy says that there is none. What passes then
// are TLS records, see Message.TLS.
func (p *Proxy) Encrypt(on bool) { p.encrypt.Store(on) }

// Faults is how many faults have happened, each rule's every time.
func (p *Proxy) Faults() int { return int(p.faults.Load()) }

// CutAll resets all connections and says how many there were.
func (p *Proxy) CutAll() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.pairs {
		c.reset()
	}
	p.faults.Add(int64(len(p.pairs)))
	return len(p.pairs)
}

// Close stops listening and resets what is open.
func (p *Proxy) Close() error {
	close(p.closed)
	err := p.listener.Close()
	p.CutAll()
	p.wait.Wait()
	return err
}

func (p *Proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.wait.Go(func() { p.pass(client) })
	}
}

// pass serves one connection until either side is gone.
func (p *Proxy) pass(client net.Conn) {
	c := &pair{client: client}
	if p.refuse.Load() {
		c.reset()
		return
	}
	server, err := net.DialTimeout("tcp", *p.target.Load(), 5*time.Second)
	if err != nil {
		c.reset()
		return
	}
	c.server = server
	p.mu.Lock()
	p.pairs[c] = struct{}{}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.pairs, c)
		p.mu.Unlock()
		c.close()
	}()
	select {
	case <-p.closed: // Close may have looked before this pair was there
		return
	default:
	}
	up := &stream{proxy: p, pair: c, direction: ToServer, from: client, to: server, untyped: true}
	down := &stream{proxy: p, pair: c, direction: ToClient, from: server, to: client}
	if err := up.greet(); err != nil {
		return
	}
	down.tls = up.tls
	var wait sync.WaitGroup
	for _, s := range []*stream{up, down} {
		wait.Go(func() {
			// What ends one direction ends both: neither side may wait for the other.
			defer c.close()
			_ = s.run()
		})
	}
	wait.Wait()
}

// port is the client's end of its connection.
func (c *pair) port() int {
	address, ok := c.client.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return 0
	}
	return address.Port
}

func (c *pair) close() {
	_ = c.client.Close()
	if c.server != nil {
		_ = c.server.Close()
	}
}

// reset closes so that the other side sees a reset and not an end of file.
func (c *pair) reset() {
	for _, conn := range []net.Conn{c.client, c.server} {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
			_ = tcp.Close()
		}
	}
}

// stream is one direction of a pair.
type stream struct {
	proxy     *Proxy
	pair      *pair
	direction Direction
	from, to  net.Conn
	untyped   bool // a client's first messages have a length and no type
	tls       bool // records of TLS pass, not messages
	buffer    []byte
	sql       statements
}

// longestMessage is far more than the writer ever sends: beyond it the framing
// was lost.
const longestMessage = 256 << 20

var (
	errFault   = errors.New("a fault was asked for")
	errFraming = errors.New("not a message of the protocol")
)

// The requests of a client for encryption, which the server answers with one
// byte outside the framing.
const (
	sslRequest    = 80877103
	gssEncRequest = 80877104
)

// greet passes on what a client says first. Until it says who it is, it may ask
// for encryption, which is answered outside the framing.
func (s *stream) greet() error {
	for {
		message, header, err := s.next()
		if err != nil {
			return err
		}
		if len(message.Body) < 4 {
			return errFraming
		}
		code := binary.BigEndian.Uint32(message.Body)
		switch {
		case code == sslRequest && s.proxy.encrypt.Load():
			if s.tls, err = s.askForTLS(); err != nil || s.tls {
				return err
			}
		case code == sslRequest || code == gssEncRequest:
			if _, err := s.from.Write([]byte{'N'}); err != nil {
				return err
			}
		default:
			s.untyped = false
			return s.deliver(message, header)
		}
	}
}

// askForTLS lets the server answer the client's wish for TLS.
func (s *stream) askForTLS() (agreed bool, err error) {
	if _, err := s.to.Write(s.buffer); err != nil {
		return false, err
	}
	var answer [1]byte
	if _, err := io.ReadFull(s.to, answer[:]); err != nil {
		return false, err
	}
	agreed = answer[0] == 'S'
	s.untyped = !agreed
	_, err = s.from.Write(answer[:])
	return agreed, err
}

func (s *stream) run() error {
	for {
		message, header, err := s.next()
		if err != nil {
			return err
		}
		if err := s.deliver(message, header); err != nil {
			return err
		}
	}
}

// next reads one message; header is its length in front of the body.
func (s *stream) next() (m Message, header int, err error) {
	header = 5
	if s.untyped {
		header = 4
	}
	if cap(s.buffer) < header {
		s.buffer = make([]byte, 64<<10)
	}
	if _, err := io.ReadFull(s.from, s.buffer[:header]); err != nil {
		return m, 0, err
	}
	size := int(binary.BigEndian.Uint32(s.buffer[header-4:header])) - 4
	if s.tls { // type, version, length
		size = int(binary.BigEndian.Uint16(s.buffer[3:header]))
	}
	if size < 0 || size > longestMessage {
		return m, 0, errFraming
	}
	whole := header + size
	if cap(s.buffer) < whole {
		s.buffer = append(make([]byte, 0, whole), s.buffer[:header]...)
	}
	s.buffer = s.buffer[:whole]
	if _, err := io.ReadFull(s.from, s.buffer[header:]); err != nil {
		return m, 0, err
	}
	m = Message{Direction: s.direction, TLS: s.tls, Body: s.buffer[header:]}
	if !s.untyped {
		m.Type = s.buffer[0]
	}
	if s.direction == ToServer && !s.tls {
		m.SQL = s.sql.of(m)
	}
	return m, header, nil
}

// deliver passes a message on, with the fault that a rule wants.
func (s *stream) deliver(m Message, header int) error {
	rule := s.proxy.fault(m)
	if rule == nil {
		return s.write(s.buffer)
	}
	switch rule.Do {
	case Cut:
		s.pair.reset()
		return errFault
	case CutHalf:
		_ = s.write(s.buffer[:(header+len(m.Body))/2])
		s.pair.reset()
		return errFault
	case CutAfter:
		_ = s.write(s.buffer)
		s.pair.reset()
		return errFault
	case Stall:
		select {
		case <-time.After(rule.For):
		case <-s.proxy.closed:
		}
	case Pause:
		rule.Call(s.pair.port())
	case Corrupt:
		flip(m.Body, rule.bit(m))
	case CorruptHeader:
		flip(s.buffer[:header], rule.bit(m))
	}
	return s.write(s.buffer)
}

// flip flips a bit, counted modulo the length.
func flip(b []byte, bit int) {
	if len(b) > 0 {
		bit %= len(b) * 8
		b[bit/8] ^= 1 << (bit % 8)
	}
}

// fault is the rule that wants this message, nil for none.
func (p *Proxy) fault(m Message) *Rule {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.rules {
		if r.done == r.Times || !r.Match(m) {
			continue
		}
		r.seen++
		if r.seen <= r.After {
			continue
		}
		r.done++
		p.faults.Add(1)
		return &r.Rule
	}
	return nil
}

// write passes bytes on, as slowly as the proxy is set.
func (s *stream) write(b []byte) error {
	whole := len(b)
	for len(b) > 0 {
		rate := s.proxy.rate.Load()
		if rate == 0 {
			_, err := s.to.Write(b)
			return err
		}
		// A twentieth of a second's share at a time.
		n := min(len(b), max(int(rate/20), 1))
		if _, err := s.to.Write(b[:n]); err != nil {
			return err
		}
		if len(b) == whole && n < whole {
			s.proxy.slowed.Add(1)
		}
		b = b[n:]
		select {
		case <-time.After(time.Duration(n) * time.Second / time.Duration(rate)):
		case <-s.proxy.closed:
			return errFault
		}
	}
	return nil
}
