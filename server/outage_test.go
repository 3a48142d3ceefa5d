package server_test

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/gallerytest"
	"github.com/siam-go/siam/gallery/postgres"
	"github.com/siam-go/siam/server"
)

// outageFor is how long the store stays stopped; SIAM_OUTAGE=1m makes it a minute.
func outageFor(t *testing.T) time.Duration {
	text := os.Getenv("SIAM_OUTAGE")
	if text == "" {
		return 3 * time.Second
	}
	long, err := time.ParseDuration(text)
	check(t, err)
	return long
}

// wire leads to another address. While it is stopped, what is sent on it stays there, as where a machine was switched off; while it is
// cut, connections end at once, as where its program was.
type wire struct {
	net.Listener
	to           string
	stopped, cut atomic.Bool
	mu           sync.Mutex
	open         []net.Conn
}

func newWire(t *testing.T, to string) *wire {
	at, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	w := &wire{Listener: at, to: to}
	go w.run()
	t.Cleanup(func() { at.Close(); w.end() })
	return w
}

func (w *wire) run() {
	for {
		near, err := w.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", w.to)
		if err != nil || w.cut.Load() {
			near.Close()
			continue
		}
		w.mu.Lock()
		w.open = append(w.open, near, far)
		w.mu.Unlock()
		for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
			go func() {
				_, _ = io.Copy(held{way[1], w}, way[0])
				near.Close()
				far.Close()
			}()
		}
	}
}

func (w *wire) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.open {
		c.Close()
	}
	w.open = nil
}

// held keeps what is written while its wire is stopped.
type held struct {
	net.Conn
	on *wire
}

func (h held) Write(p []byte) (int, error) {
	for h.on.stopped.Load() {
		time.Sleep(10 * time.Millisecond)
	}
	return h.Conn.Write(p)
}

// A PostgreSQL that is stopped, or ends, is answered 503, at once or when a request's time is over; when it is back, so is the server.
func TestAPostgresThatStopsIs503UntilItIsBack(t *testing.T) {
	address, stop, err := gallerytest.StartPostgres()
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(stop)
	emptyPostgres(t, address)
	at, err := url.Parse(address)
	check(t, err)
	w := newWire(t, at.Host)
	at.Host = w.Addr().String()
	store, err := postgres.Open(t.Context(), at.String(), postgres.Options{Create: true})
	check(t, err)
	t.Cleanup(func() { store.Close() })
	d := newDesk(t, server.Options{Store: store, Timeout: 5 * time.Second, Rate: 1e6, Burst: 1e6})
	_, err = gallery.Create(t.Context(), store, d.model.ForGallery(), d.model.ForGallery().Settings("main", gallery.Watch))
	check(t, err)
	r, body := d.form("/v1/galleries/main/enroll", "id=Anna", "image=@"+a)
	want[api.Enrolled](t, r, body)
	for name, out := range map[string]struct{ begin, end func() }{
		"stopped": {func() { w.stopped.Store(true) }, func() { w.stopped.Store(false) }},
		"ended":   {func() { w.cut.Store(true); w.end() }, func() { w.cut.Store(false) }},
	} {
		out.begin()
		for begin := time.Now(); time.Since(begin) < outageFor(t); {
			r, body := d.form("/v1/galleries/main/identify", "image=@"+a)
			wantProblem(t, r, body, http.StatusServiceUnavailable, "try again")
			r, body = d.ask("GET", "/readyz", "", nil)
			wantProblem(t, r, body, http.StatusServiceUnavailable, "store")
			r, body = d.ask("GET", "/healthz", "", nil)
			want[api.Health](t, r, body)
		}
		out.end()
		err := gallerytest.Within(5*time.Minute, func() bool {
			ready, _ := d.ask("GET", "/readyz", "", nil)
			r, body = d.form("/v1/galleries/main/identify", "image=@"+a)
			return ready.StatusCode == http.StatusOK && r.StatusCode == http.StatusOK
		})
		if err != nil {
			t.Fatalf("after the store was %s the server does not recover: %v", name, err)
		}
		if f := want[api.Identified](t, r, body); f.Results[0].ID != "Anna" && f.Results[0].Candidates[0].ID != "Anna" {
			t.Errorf("after the store was %s: %+v, want Anna", name, f.Results[0])
		}
	}
}
