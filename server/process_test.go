package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/client"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/gallerytest"
	"github.com/siam-go/siam/gallery/postgres"
	"github.com/siam-go/siam/gallery/sqlite"
	"github.com/siam-go/siam/gallery/weaviate"
	"github.com/siam-go/siam/server"
)

// What the test's own binary serves when it is started as a server, which can be killed.
const (
	serveStore = "SIAM_TEST_SERVE"
	serveKeys  = "SIAM_TEST_SERVE_KEYS"
)

func TestMain(m *testing.M) {
	if store := os.Getenv(serveStore); store != "" {
		fmt.Fprintln(os.Stderr, serveAlone(store, os.Getenv(serveKeys)))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func openStore(ctx context.Context, address string) (gallery.Store, error) {
	switch {
	case strings.HasPrefix(address, "postgres:"):
		return postgres.Open(ctx, address, postgres.Options{Create: true})
	case strings.HasPrefix(address, "weaviate:"):
		return weaviate.Open(ctx, address, weaviate.Options{Create: true})
	}
	return sqlite.Open(ctx, address, sqlite.Options{Create: true})
}

// serveAlone serves a store until it is killed, and prints its address.
func serveAlone(address, keyFile string) error {
	ctx := context.Background()
	model, err := siam.Open("../testdata/strokes.safetensors")
	if err != nil {
		return err
	}
	store, err := openStore(ctx, address)
	if err != nil {
		return err
	}
	keys, err := server.OpenKeys(keyFile)
	if err != nil {
		return err
	}
	s, err := server.New(server.Options{Store: store, Models: []server.Model{{Model: model, Name: "m"}}, Keys: keys, Rate: 1e6, Burst: 1e6, Timeout: 10 * time.Minute})
	if err != nil {
		return err
	}
	if err := s.Prepare(ctx); err != nil {
		return err
	}
	at, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + at.Addr().String())
	return s.Serve(ctx, at, nil)
}

// program is a server in a process of its own.
type program struct {
	*client.Client
	process *exec.Cmd
}

// kill ends it as a power cut does.
func (p *program) kill() {
	_ = p.process.Process.Kill()
	_ = p.process.Wait()
}

// house is a store with the gallery main and a key, for programs.
type house struct {
	t             *testing.T
	address, keys string
	secret        string
}

func newHouse(t *testing.T, address string) *house {
	t.Helper()
	h := &house{t: t, address: address, keys: filepath.Join(t.TempDir(), "keys.json")}
	keys, err := server.OpenKeys(h.keys)
	check(t, err)
	_, h.secret, err = keys.Add("boss", []server.Role{server.RoleAdmin}, nil)
	check(t, err)
	model, err := siam.Open("../testdata/strokes.safetensors")
	check(t, err)
	defer model.Close()
	store, err := openStore(t.Context(), address)
	check(t, err)
	defer store.Close()
	_, err = gallery.Create(t.Context(), store, model.ForGallery(), model.ForGallery().Settings("main", gallery.Watch))
	check(t, err)
	return h
}

func (h *house) start() *program { return h.startAt(h.address) }

// startAt is start with another address of the same store.
func (h *house) startAt(address string) *program {
	h.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveStore+"="+address, serveKeys+"="+h.keys)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	check(h.t, err)
	check(h.t, cmd.Start())
	p := &program{process: cmd}
	h.t.Cleanup(p.kill)
	url, err := bufio.NewReader(out).ReadString('\n')
	check(h.t, err)
	p.Client, err = client.New(strings.TrimSpace(url), h.secret)
	check(h.t, err)
	return p
}

func picture(t *testing.T, file string) client.Image {
	t.Helper()
	data, err := os.ReadFile(file)
	check(t, err)
	return client.Image{Name: filepath.Base(file), Data: data}
}

// enrolled counts what many do at once, until a server ends or there is enough.
type enrolled struct {
	mu  sync.Mutex
	ids map[string]bool // answered
	n   atomic.Int64
}

// at lets workers enrol one id after the other until the first error of each.
func (e *enrolled) at(ctx context.Context, p *program, image client.Image, workers int) *sync.WaitGroup {
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for ctx.Err() == nil {
				id := fmt.Sprintf("id %d", e.n.Add(1))
				if _, err := p.Enroll(ctx, "main", id, image); err != nil {
					return
				}
				e.mu.Lock()
				e.ids[id] = true
				e.mu.Unlock()
			}
		})
	}
	return &all
}

func (e *enrolled) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.ids)
}

// kept fails unless all that was answered is there, with at most some more that were on their way, and the audit log holds.
func (h *house) kept(p *program, e *enrolled, onTheirWay int) {
	h.t.Helper()
	listed, err := p.IDs(h.t.Context(), "main")
	check(h.t, err)
	there := map[string]bool{}
	for _, id := range listed.IDs {
		there[id.ID] = true
	}
	for id := range e.ids {
		if !there[id] {
			h.t.Errorf("%s was enrolled, and is lost", id)
		}
	}
	if more := len(there) - len(e.ids); more > onTheirWay {
		h.t.Errorf("%d more are enrolled than were answered, want at most %d", more, onTheirWay)
	}
	if log, err := p.Audit(h.t.Context()); err != nil || !log.Holds || log.Lines < int64(len(there)) {
		h.t.Errorf("audit = %+v, %v, want one that holds, with a line for each of %d", log, err, len(there))
	}
}

func TestAServerKilledUnderLoadLosesNothingThatItAnswered(t *testing.T) {
	h := newHouse(t, filepath.Join(t.TempDir(), "g.db"))
	e, image := &enrolled{ids: map[string]bool{}}, picture(t, a)
	p := h.start()
	for range 3 {
		enough := e.count() + 15
		working := e.at(t.Context(), p, image, 4)
		check(t, gallerytest.Within(time.Minute, func() bool { return e.count() >= enough }))
		p.kill()
		working.Wait()
		p = h.start()
		h.kept(p, e, 12)
	}
}

func TestAFullDiskChangesNothingAndIsOverOnceThereIsRoom(t *testing.T) {
	folder, err := tmpfs(t, "size=2m")
	if err != nil {
		t.Skipf("no small disk can be had: %v", err)
	}
	h := newHouse(t, filepath.Join(folder, "g.db"))
	e, image := &enrolled{ids: map[string]bool{}}, picture(t, a)
	p := h.start()
	ballast := filepath.Join(folder, "ballast")
	check(t, os.WriteFile(ballast, make([]byte, 1<<20), 0o600))
	e.at(t.Context(), p, image, 2).Wait() // until there is no room
	full := func(what string, err error) {
		t.Helper()
		if full, ok := errors.AsType[*client.Error](err); !ok || full.Status != http.StatusInsufficientStorage || !strings.Contains(full.Detail, "the disk is full") || strings.Contains(full.Detail, "\n") {
			t.Errorf("%s on a full disk = %v, want 507 that says so in one line", what, err)
		}
	}
	_, err = p.Enroll(t.Context(), "main", "nobody", image)
	full("enroll", err)
	check(t, gallerytest.Within(time.Minute, func() bool { _, err = p.Identify(t.Context(), "main", image); return err != nil })) // verdicts are written, too
	full("identify", err)
	check(t, p.Ready(t.Context()))
	h.kept(p, e, 0)
	check(t, os.Remove(ballast))
	_, err = p.Identify(t.Context(), "main", image)
	check(t, err)
	_, err = p.Enroll(t.Context(), "main", "somebody", image)
	check(t, err)
	e.ids["somebody"] = true
	h.kept(p, e, 0)
}

// emptyPostgres drops what earlier tests left.
func emptyPostgres(t *testing.T, address string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	check(t, err)
	_, err = conn.Exec(t.Context(), "DROP TABLE IF EXISTS siam_store, siam_gallery, siam_entry, siam_part, siam_line CASCADE", pgx.QueryExecModeSimpleProtocol)
	check(t, err)
	check(t, conn.Close(t.Context()))
}

func TestServersOnOnePostgresKnowWhatTheOthersDo(t *testing.T) {
	address, stop, err := gallerytest.StartPostgres()
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(stop)
	emptyPostgres(t, address)
	serversOnOneStore(t, address, address, address)
}

func TestServersOnOneWeaviateKnowWhatTheOthersDo(t *testing.T) {
	cluster, err := gallerytest.StartWeaviate()
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(cluster.Stop)
	serversOnOneStore(t, cluster.Address("Servers", 0), cluster.Address("Servers", 1), cluster.Address("Servers", 2))
}

// Servers on one store: what one does the others answer with, and one that is killed costs no more than the requests that it held.
func serversOnOneStore(t *testing.T, addresses ...string) {
	h := newHouse(t, addresses[0])
	image, near, ctx := picture(t, a), picture(t, same), t.Context()
	var servers []*program
	for _, address := range addresses {
		servers = append(servers, h.startAt(address))
	}
	who := func(p *program) string {
		found, err := p.Identify(ctx, "main", near)
		check(t, err)
		if len(found.Results[0].Candidates) == 0 {
			return "nobody"
		}
		first := found.Results[0].Candidates[0]
		return first.ID + map[bool]string{true: "a stranger"}[first.Stranger]
	}
	all := func(what, want string) {
		t.Helper()
		for i, p := range servers {
			if found := who(p); found != want {
				t.Errorf("after %s server %d still finds %s, want %s", what, i, found, want)
			}
		}
	}
	all("nothing", "nobody")
	_, err := servers[0].Enroll(ctx, "main", "Anna", image)
	check(t, err)
	all("enrolling at the first", "Anna")
	_, err = servers[1].Reject(ctx, "main", "Anna", near)
	check(t, err)
	all("rejecting at the second", "a stranger")
	_, err = servers[2].Remove(ctx, "main", "Anna")
	check(t, err)
	all("removing at the third", "a stranger")

	store, err := openStore(ctx, addresses[0])
	check(t, err)
	defer store.Close()
	g, err := gallery.OpenNamed(ctx, store, "main")
	check(t, err)
	check(t, g.SetCalibration(ctx, &gallery.Calibration{Thresholds: gallery.Thresholds{Match: 0.125, Refer: 0.25}, ByHand: true}))
	for i, p := range servers {
		found, err := p.Identify(ctx, "main", near)
		check(t, err)
		if by := found.Results[0].Thresholds; by == nil || by.Match != 0.125 {
			t.Errorf("after a calibration server %d judges by %+v", i, by)
		}
	}
	e := &enrolled{ids: map[string]bool{}}
	load, end := context.WithCancel(ctx)
	var working []*sync.WaitGroup
	for _, p := range servers {
		working = append(working, e.at(load, p, image, 2))
	}
	check(t, gallerytest.Within(time.Minute, func() bool { return e.count() >= 8 }))
	servers[0].kill()
	enough := e.count() + 8
	check(t, gallerytest.Within(time.Minute, func() bool { return e.count() >= enough }))
	end()
	for _, w := range working {
		w.Wait()
	}
	h.kept(servers[1], e, 6)
	h.kept(servers[2], e, 6)
}
