package devtest

import (
	"net"
	"net/url"
	"sync"
	"testing"
)

// Proxy is between a client and a store and breaks their connections like a network does.
type Proxy struct {
	// URL reaches the store through the proxy.
	URL string

	listener net.Listener
	running  sync.WaitGroup

	mu       sync.Mutex // guards the fields below
	changed  *sync.Cond // on mu: state or held has changed
	target   string
	state    state
	held     func(connection int) bool
	accepted int
	open     map[net.Conn]struct{}
}

type state int

const (
	passing state = iota
	stalled
	cut
)

// NewProxy listens on loopback and forwards to the store at a URL.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, open: map[net.Conn]struct{}{}}
	p.changed = sync.NewCond(&p.mu)
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal("the URL of the proxy's target is malformed")
	}
	p.target = u.Host
	u.Host = l.Addr().String()
	p.URL = u.String()
	p.running.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.set(cut)
		p.running.Wait()
	})
	return p
}

// Target forwards new connections to the store at another URL.
func (p *Proxy) Target(target string) {
	u, err := url.Parse(target)
	if err != nil {
		panic("the URL of the proxy's target is malformed")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = u.Host
}

// Cut closes all connections and refuses new ones.
func (p *Proxy) Cut() { p.set(cut) }

// Stall keeps connections open and forwards nothing, like a lost route.
func (p *Proxy) Stall() { p.set(stalled) }

// StallThose stalls the data from the store on some connections, which are numbered from 0
// in the order in which they were accepted. Data to the store is forwarded.
func (p *Proxy) StallThose(held func(connection int) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = held
}

// Accepted is how many connections were accepted.
func (p *Proxy) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

// Restore forwards everything again, including data that was stalled.
func (p *Proxy) Restore() {
	p.StallThose(nil)
	p.set(passing)
}

func (p *Proxy) set(s state) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = s
	if s == cut {
		for c := range p.open {
			_ = c.Close()
		}
	}
	p.changed.Broadcast()
}

// unstalled is the number for data that StallThose does not stall.
const unstalled = -1

// wait blocks while the connection is stalled. It returns false if it was cut.
func (p *Proxy) wait(connection int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.state == stalled || p.state == passing && connection != unstalled && p.held != nil && p.held(connection) {
		p.changed.Wait()
	}
	return p.state == passing
}

func (p *Proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		number := p.accepted
		p.accepted++
		p.mu.Unlock()
		p.running.Go(func() { p.serve(c, number) })
	}
}

func (p *Proxy) serve(client net.Conn, number int) {
	defer client.Close()
	if !p.keep(client) {
		return
	}
	defer p.drop(client)
	if !p.wait(unstalled) {
		return
	}
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	store, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer store.Close()
	if !p.keep(store) {
		return
	}
	defer p.drop(store)
	var both sync.WaitGroup
	both.Go(func() { p.copy(store, client, unstalled) })
	both.Go(func() { p.copy(client, store, number) })
	both.Wait()
}

func (p *Proxy) copy(to, from net.Conn, number int) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if !p.wait(number) {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == cut {
		return false
	}
	p.open[c] = struct{}{}
	return true
}

func (p *Proxy) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}
