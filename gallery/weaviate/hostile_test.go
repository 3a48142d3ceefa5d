package weaviate_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/gallerytest"
	"github.com/siam-go/siam/gallery/weaviate"
)

// refuses expects Open to fail in one line that holds no key.
func refuses(t *testing.T, address string, want error, about string) {
	t.Helper()
	store, err := weaviate.Open(t.Context(), address, weaviate.Options{})
	if err == nil {
		store.Close()
	}
	if err == nil || want != nil && !errors.Is(err, want) || !strings.Contains(err.Error(), about) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
		t.Errorf("Open = %v, want one line about %q that is %v", err, about, want)
	}
}

func TestAddressesThatNameNoStoreAreRefused(t *testing.T) {
	refuses(t, "weaviate://:secret@127.0.0.1:1/faces", gallery.ErrUnreachable, "127.0.0.1:1/faces")
	refuses(t, "weaviate://:secret@[::1/faces", nil, "want an address such as")
	refuses(t, "weaviate:///faces", nil, "want an address such as")
	refuses(t, "weaviate://127.0.0.1:1/a/b", nil, "want a name of letters")
}

func TestNewerAndMissingStoresAreRefused(t *testing.T) {
	c := servers(t)
	refuses(t, c.Address("newer", 0), fs.ErrNotExist, "siam gallery create")
	openAt(t, "newer", 0).Close()
	var class map[string]any
	ask(t, 0, "schema/Siam_newer", &class)
	for description, want := range map[string]error{
		strings.Replace(class["description"].(string), `"version":1`, `"version":99`, 1): gallery.ErrNewerStore,
		"somebody else's": gallery.ErrDamaged,
	} {
		class["description"] = description
		set(t, "schema/Siam_newer", class)
		refuses(t, c.Address("newer", 0), want, "newer")
	}
}

// set replaces something of the cluster's.
func set(t *testing.T, path string, value any) {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPut, "http://"+servers(t).Host(0)+"/v1/"+path, bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("setting %s: %s", path, response.Status)
	}
}

// A cluster makes itself read-only when its disks are nearly full: changes fail whole, in one line, reading goes on, and everything
// works again once there is room.
func TestAFullClusterLosesNothing(t *testing.T) {
	store := openAt(t, "full", 0)
	defer store.Close()
	lined(t, store, 5)
	type shard struct{ Name, Status string }
	var shards []shard
	ask(t, 0, "schema/Siam_full/shards", &shards)
	status := func(status string) {
		for _, s := range shards {
			set(t, "schema/Siam_full/shards/"+s.Name, map[string]string{"status": status})
		}
		for node := range gallerytest.Nodes { // each hears of it in its own time
			var now []shard
			err := gallerytest.Within(time.Minute, func() bool {
				ask(t, node, "schema/Siam_full/shards", &now)
				return !slices.ContainsFunc(now, func(s shard) bool { return s.Status != status })
			})
			if err != nil {
				t.Fatalf("node %d still has shards %v, want %s", node, now, status)
			}
		}
	}
	erase := gallery.Change{Gallery: "g", Erase: []string{"id 0"}}
	put := gallery.Change{Gallery: "g", Put: []gallery.Entry{{Key: gallery.NewKey(time.UnixMicro(5)), Role: gallery.Enrolled, ID: "new", Model: "line", Embedding: []float32{9}}}}
	status("READONLY")
	for _, c := range []gallery.Change{erase, put} {
		if err := store.Apply(t.Context(), c); err == nil || !strings.Contains(err.Error(), "read-only") || strings.Contains(err.Error(), "\n") {
			t.Errorf("Apply to a full cluster = %v, want one line that it is read-only", err)
		}
	}
	if n := count(t, store); n != 5 {
		t.Errorf("%d entries on a full cluster, want 5", n)
	}
	status("READY")
	for _, c := range []gallery.Change{erase, put} {
		if err := store.Apply(t.Context(), c); err != nil {
			t.Errorf("Apply once there is room: %v", err)
		}
	}
	if n := count(t, store); n != 5 {
		t.Errorf("%d entries, want 5: one more, one less", n)
	}
}

// A store whose cluster goes away fails in one line, changes nothing by half, and works again by itself.
func TestAClusterThatGoesAwayComesBack(t *testing.T) {
	w := gallerytest.NewWay(t, servers(t).Host(0))
	store, err := weaviate.Open(t.Context(), "weaviate://"+w.Address()+"/away", weaviate.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	lined(t, store, 20)
	for range 2 {
		for _, err := range store.Entries(t.Context(), "g", gallery.Query{Crops: true}) {
			if err != nil {
				t.Errorf("Entries that were read before the cut: %v", err)
			}
			w.Cut(true)
		}
		_, galleries := store.Galleries(t.Context())
		change := store.Apply(t.Context(), gallery.Change{Gallery: "g", Erase: []string{"id 0"}})
		for what, err := range map[string]error{"Galleries": galleries, "Apply": change} {
			if !errors.Is(err, gallery.ErrUnreachable) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s without a cluster = %v, want one line that is %v", what, err, gallery.ErrUnreachable)
			}
		}
		w.Cut(false)
		if v, err := store.Vectors(t.Context(), "g", 0); err != nil || len(v.Refs) != 20 {
			t.Errorf("Vectors once the cluster is back: %d, %v, want 20", len(v.Refs), err)
		}
	}
}

// Changes at every moment of which the way is cut are made whole or not at all, and the store goes on.
func TestChangesThatAreCutAreWholeOrNotMade(t *testing.T) {
	w := gallerytest.NewWay(t, servers(t).Host(0))
	store, err := weaviate.Open(t.Context(), "weaviate://"+w.Address()+"/cut", weaviate.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	lined(t, store, 1)
	other := openAt(t, "cut", 1)
	defer other.Close()
	said := map[[2]string]bool{} // whether a change that puts two keys was made
	for delay, cuts := time.Duration(0), 0; cuts < 6; delay = (delay + 12*time.Millisecond) % (200 * time.Millisecond) {
		at := time.UnixMicro(int64(2*len(said) + 1))
		e := gallery.Entry{Key: gallery.NewKey(at), Role: gallery.Enrolled, ID: "new", Model: "line", When: at.UTC(), Embedding: []float32{100}, Crop: []byte("crop")}
		twin := e
		twin.Key = gallery.NewKey(at.Add(time.Microsecond))
		cut := make(chan struct{})
		timer := time.AfterFunc(delay, func() { w.Cut(true); close(cut) })
		err := store.Apply(t.Context(), gallery.Change{Gallery: "g", Put: []gallery.Entry{e, twin}, Events: []gallery.Event{{Gallery: "g", Action: "enroll", Parts: []gallery.Part{gallery.NewPart("two", "new")}}}})
		if !timer.Stop() {
			<-cut
		}
		w.Cut(false)
		if err != nil {
			cuts++
		}
		said[[2]string{e.Key, twin.Key}] = err == nil
		there := map[string]bool{}
		for e, err := range other.Entries(t.Context(), "g", gallery.Query{Crops: true}) {
			if err != nil {
				t.Fatal(err)
			}
			there[e.Key] = true
		}
		for keys, made := range said { // what was cut may be made a while later
			if there[keys[0]] != there[keys[1]] || made && !there[keys[0]] {
				t.Errorf("of a change that puts two entries there are %v and %v; Apply said that it was made: %v", there[keys[0]], there[keys[1]], made)
			}
		}
	}
	if _, err := gallery.VerifyLog(other.Log(t.Context(), 1)); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := other.Apply(ctx, gallery.Change{Gallery: "g", Erase: []string{"id 0"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("Apply = %v, want %v", err, context.Canceled)
	}
}

func count(t *testing.T, store gallery.Store) (n int) {
	t.Helper()
	for _, err := range store.Entries(t.Context(), "g", gallery.Query{Crops: true}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// What a killed program had written without making a change of it is deleted, and nothing else is; its turn is over after a while.
func TestWhatAKilledProgramLeftIsCleared(t *testing.T) {
	store := openAt(t, "killed", 0)
	defer store.Close()
	g := lined(t, store, 70)
	for i := range 70 { // more than one snapshot's worth of changes
		if _, err := asked(t, g, float32(i)); err != nil {
			t.Fatal(err)
		}
	}
	before, after := weaviate.Swept(t, store)
	if len(after) != len(before)-1 || len(after) < 200 {
		t.Errorf("%d of %d objects are left, want all but one", len(after), len(before))
	}
	again := openAt(t, "killed", 1) // from the snapshot
	defer again.Close()
	if n := count(t, again); n != 70 {
		t.Errorf("%d entries, want 70", n)
	}
	weaviate.TakeTurn(t, again)
	again.Close()
	if got, err := asked(t, g, 3); err != nil || got != "match id 3" {
		t.Errorf("identify after a program was killed in its turn = %q, %v", got, err)
	}
	if last, err := gallery.VerifyLog(store.Log(t.Context(), 1)); err != nil || last.Number != 73 {
		t.Errorf("the log has %d lines, %v, want 73", last.Number, err)
	}
	tail := 0
	for l, err := range store.Log(t.Context(), 71) {
		if err != nil || l.Number != int64(71+tail) {
			t.Fatalf("line %d, %v, want %d", l.Number, err, 71+tail)
		}
		tail++
	}
	if tail != 3 {
		t.Errorf("the log from line 71 has %d lines, want 3", tail)
	}
}
