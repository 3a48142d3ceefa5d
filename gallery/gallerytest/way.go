package gallerytest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Way is a way to a server that can be cut.
type Way struct {
	listener net.Listener
	server   string

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

// NewWay opens a way to the server at an address host:port.
func NewWay(t *testing.T, server string) *Way {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &Way{listener: listener, server: server}
	t.Cleanup(func() { listener.Close(); w.Cut(true) })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go w.pass(conn)
		}
	}()
	return w
}

func (w *Way) pass(client net.Conn) {
	defer client.Close()
	server := w.dial(client)
	if server == nil {
		return
	}
	go func() { _, _ = io.Copy(server, client); server.Close() }()
	_, _ = io.Copy(client, server)
}

// Address is where the way begins, host:port.
func (w *Way) Address() string { return w.listener.Addr().String() }

// dial connects a client with the server; nil when the way is cut.
func (w *Way) dial(client net.Conn) net.Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		return nil
	}
	server, err := net.Dial("tcp", w.server)
	if err != nil {
		return nil
	}
	w.conns = append(w.conns, client, server)
	return server
}

// Cut cuts all connections and refuses new ones, or lets them pass again.
func (w *Way) Cut(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	for _, c := range w.conns {
		c.Close()
	}
	w.conns = nil
}
