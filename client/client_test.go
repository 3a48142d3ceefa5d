package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/client"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/server"
)

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func image(t *testing.T, name string) client.Image {
	t.Helper()
	return client.Image{Name: name, Data: must[[]byte](t)(os.ReadFile("../testdata/" + name))}
}

// dial is a client of a server with the gallery "the gate".
func dial(t *testing.T) (*client.Client, *server.Keys) {
	return dialBy(t, func(inner http.Handler) http.Handler { return inner })
}

// dialBy is dial with something before the server.
func dialBy(t *testing.T, before func(http.Handler) http.Handler) (*client.Client, *server.Keys) {
	t.Helper()
	model := must[*siam.Model](t)(siam.Open("../testdata/strokes.safetensors"))
	t.Cleanup(model.Close)
	store := gallery.Memory()
	s := model.ForGallery().Settings("the gate", gallery.Access)
	s.ReviewDays = 1
	must[*gallery.Gallery](t)(gallery.Create(t.Context(), store, model.ForGallery(), s))
	keys := must[*server.Keys](t)(server.OpenKeys(filepath.Join(t.TempDir(), "keys.json")))
	_, secret, err := keys.Add("boss", []server.Role{server.RoleAdmin}, nil)
	if err != nil {
		t.Fatal(err)
	}
	handler := must[*server.Server](t)(server.New(server.Options{Store: store, Keys: keys, Rate: 1e6, Burst: 1e6, Models: []server.Model{{Model: model, Name: "strokes"}}}))
	at := httptest.NewServer(before(handler))
	t.Cleanup(at.Close)
	return must[*client.Client](t)(client.New(at.URL+"/", secret)), keys
}

func TestClientDoesAllThatAServerDoes(t *testing.T) {
	c, _ := dial(t)
	ctx, a, same, other := t.Context(), image(t, "a.png"), image(t, "same-as-a.png"), image(t, "other.png")
	if v := must[api.Verdict](t)(c.Compare(ctx, a, same, client.Look{Model: "strokes"})); !v.Same {
		t.Errorf("Compare(a, same-as-a) = %+v, want same", v)
	}
	if e := must[api.Enrolled](t)(c.Enroll(ctx, "the gate", "Anna", a)); e.Enrolled != 1 {
		t.Errorf("Enroll = %+v", e)
	}
	if i := must[api.Identified](t)(c.Identify(ctx, "the gate", same, other)); i.Results[0].ID != "Anna" || i.Results[1].Outcome != gallery.NoMatch {
		t.Errorf("Identify = %+v, want Anna and nobody", i)
	}
	if b := must[gallery.BurstResult](t)(c.IdentifyBurst(ctx, "the gate", same, a)); b.ID != "Anna" || len(b.Frames) != 2 {
		t.Errorf("IdentifyBurst = %+v, want Anna by two frames", b)
	}
	e := must[api.Embedded](t)(c.Embed(ctx, client.Look{}, same))
	if i := must[api.Identified](t)(c.IdentifyEmbeddings(ctx, "the gate", api.Probes{Model: e.Model, Embeddings: e.Embeddings})); i.Results[0].ID != "Anna" {
		t.Errorf("IdentifyEmbeddings = %+v, want Anna", i)
	}
	if v := must[gallery.Result](t)(c.Verify(ctx, "the gate", "Anna", same)); v.Outcome != gallery.Match {
		t.Errorf("Verify = %+v, want match", v)
	}
	queue := must[api.Reviewed](t)(c.Review(ctx, "the gate"))
	if len(queue.Groups) == 0 {
		t.Fatal("Review lists nothing")
	}
	var keys []string
	for _, group := range queue.Groups {
		for _, face := range group.Faces {
			keys = append(keys, face.Key)
		}
	}
	if left := must[api.Reviewed](t)(c.Decide(ctx, "the gate", api.Decision{Dismiss: keys})); len(left.Groups) != 0 {
		t.Errorf("Decide leaves %+v, want nothing", left)
	}
	if r := must[api.Rejected](t)(c.RejectFace(ctx, "the gate", "Anna", other, 1)); r.Rejected != 1 {
		t.Errorf("reject a face: %+v", r)
	}
	if r := must[api.Rejected](t)(c.Reject(ctx, "the gate", "Anna", other)); r.Rejected != 1 {
		t.Errorf("Reject = %+v", r)
	}
	if l := must[api.Listed](t)(c.IDs(ctx, "the gate")); len(l.IDs) != 1 || l.IDs[0].ID != "Anna" {
		t.Errorf("IDs = %+v, want Anna", l)
	}
	must[api.Removed](t)(c.Remove(ctx, "the gate", "Anna"))
	if g := must[api.Galleries](t)(c.Galleries(ctx)); g.Galleries[0].Kind != gallery.Access {
		t.Errorf("Galleries = %+v", g)
	}
	if m := must[api.Models](t)(c.Models(ctx)); len(m.Models) != 1 || m.Models[0].Threshold == nil {
		t.Errorf("Models = %+v", m)
	}
	if a := must[api.Audited](t)(c.Audit(ctx)); !a.Holds || a.Lines < 8 {
		t.Errorf("Audit = %+v, want a log that holds", a)
	}
	if err := c.Ready(ctx); err != nil {
		t.Errorf("Ready: %v", err)
	}
}

// Verdicts go on where the server has ended what it tells, and none is missed.
func TestVerdictsAreHeardOneAfterTheOther(t *testing.T) {
	c, keys := dialBy(t, func(inner http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/verdicts") {
				ctx, cancel := context.WithTimeout(r.Context(), 20*time.Millisecond)
				defer cancel()
				r = r.WithContext(ctx)
			}
			inner.ServeHTTP(w, r)
		})
	})
	a := image(t, "a.png")
	ctx, stop := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	asking.Go(func() {
		for ctx.Err() == nil {
			_, _ = c.Identify(ctx, "the gate", a) // or the test has ended
		}
	})
	var heard []int64
	for j, err := range c.Verdicts(ctx, "the gate") {
		if err != nil {
			t.Fatal(err)
		}
		if heard = append(heard, j.Number); len(heard) == 60 {
			break
		}
	}
	stop()
	asking.Wait()
	for i, n := range heard {
		if n != heard[0]+int64(i) {
			t.Fatalf("heard are %v, want all from %d on", heard, heard[0])
		}
	}
	for range c.Verdicts(ctx, "the gate") {
		t.Error("something is heard after the end")
	}
	if _, err := keys.Revoke("boss"); err != nil {
		t.Fatal(err)
	}
	for _, err := range c.Verdicts(t.Context(), "the gate") {
		if err == nil || !strings.Contains(err.Error(), "revoked") {
			t.Errorf("a revoked key hears %v", err)
		}
	}
}

func TestProblemsAreErrors(t *testing.T) {
	c, keys := dial(t)
	_, err := c.Identify(t.Context(), "the gate", client.Image{Name: "x.png", Data: []byte("no image")})
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.Status != http.StatusUnprocessableEntity || !strings.Contains(e.Error(), "x.png") {
		t.Errorf("Identify what is no image: %v, want an Error 422 about x.png", err)
	}
	if _, err := c.Calibrate(t.Context(), "the gate", api.Promise{}); err == nil || client.Busy(err) {
		t.Errorf("Calibrate an empty gallery: %v, want an error that is not busy", err)
	}
	if _, err := keys.Revoke("boss"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Models(t.Context()); err == nil || !strings.Contains(err.Error(), "revoked") {
		t.Errorf("Models with a revoked key: %v", err)
	}
	if _, err := client.New("localhost", ""); err == nil {
		t.Error("New takes an address without http")
	}
}

func TestAServerWithTooMuchToDoIsBusy(t *testing.T) {
	at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		http.Error(w, "a proxy's page", http.StatusServiceUnavailable)
	}))
	defer at.Close()
	c := must[*client.Client](t)(client.New(at.URL, "x"))
	err := c.Ready(t.Context())
	e, ok := errors.AsType[*client.Error](err)
	if !client.Busy(err) || !ok || e.RetryAfter != 7*time.Second || !strings.Contains(err.Error(), "503") {
		t.Errorf("Ready = %v, want busy for 7 s", err)
	}
}
