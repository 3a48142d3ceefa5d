package weaviate_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/gallerytest"
)

// line is a model whose embeddings are points of a line: id N is enrolled at N.
func line() gallery.Model {
	return gallery.Model{Hash: "line", Dim: 1, Distance: distance.Euclidean()}
}

func settings() gallery.Settings {
	s := line().Settings("g", gallery.Watch)
	s.Calibration = &gallery.Calibration{Thresholds: gallery.Thresholds{Match: 0.25, Refer: 0.375}}
	return s
}

// lined is a gallery on a new store, which is reached by a node first, with ids from 0 on.
func lined(t *testing.T, store gallery.Store, ids int) *gallery.Gallery {
	t.Helper()
	g, err := gallery.Create(t.Context(), store, line(), settings(), gallery.As("tester"))
	if err != nil {
		t.Fatal(err)
	}
	enroll(t, g, 0, ids)
	return g
}

// by is the same gallery, by another node.
func by(t *testing.T, name string, node int) *gallery.Gallery {
	t.Helper()
	store := openAt(t, name, node)
	t.Cleanup(func() { store.Close() })
	g, err := gallery.Open(t.Context(), store, "g", line(), gallery.As("tester"))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func enroll(t *testing.T, g *gallery.Gallery, from, to int) {
	t.Helper()
	var images []gallery.Enrolment
	for i := from; i < to; i++ {
		images = append(images, gallery.Enrolment{ID: fmt.Sprint("id ", i), Name: "a.png", Hash: fmt.Sprint(i), Face: gallery.Face{Embedding: []float32{float32(i)}, Crop: []byte("crop")}})
	}
	if _, err := g.Enroll(t.Context(), images...); err != nil {
		t.Fatal(err)
	}
}

// asked is the verdict on a probe at a place, such as "match id 3".
func asked(t *testing.T, g *gallery.Gallery, at float32) (string, error) {
	results, err := g.Identify(t.Context(), []gallery.Photograph{{Name: "p.png", Faces: []gallery.Face{{Embedding: []float32{at}}}}}, gallery.IdentifyOptions{})
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(fmt.Sprint(results[0].Outcome, " ", results[0].ID)), nil
}

// load identifies until it is told to end, and counts what was answered.
func load(t *testing.T, g *gallery.Gallery, ids int, end chan struct{}, answered *atomic.Int64) {
	for i := 0; ; i++ {
		select {
		case <-end:
			return
		default:
		}
		probe, want := float32(i%ids)+0.125, fmt.Sprint("match id ", i%ids)
		if i%3 == 2 {
			probe, want = float32(i%ids)+0.5, "no_match"
		}
		got, err := asked(t, g, probe)
		if err != nil || got != want {
			t.Errorf("identify = %q, %v, want %q", got, err, want)
			return
		}
		answered.Add(1)
	}
}

// A node that stops during a load of identifications loses none of them, nor of what was enrolled, and no answer is wrong, then or
// once it is back.
func TestANodeThatStopsLosesNothing(t *testing.T) {
	c := servers(t)
	const ids = 12
	store := openAt(t, "stops", 1)
	defer store.Close()
	first := lined(t, store, ids)
	galleries := []*gallery.Gallery{first, by(t, "stops", 2)}
	end, answered, group := make(chan struct{}), atomic.Int64{}, sync.WaitGroup{}
	for _, g := range galleries {
		group.Go(func() { load(t, g, ids, end, &answered) })
	}
	reaches := func(n int64, what string) {
		if err := gallerytest.Within(2*time.Minute, func() bool { return answered.Load() >= n || t.Failed() }); err != nil {
			t.Errorf("identifications %s: %v", what, err)
		}
	}
	reaches(10, "before a node stops")
	c.Kill(1)
	reaches(answered.Load()+20, "without it")
	enroll(t, first, ids, 2*ids)
	if err := c.Start(1); err != nil {
		t.Fatal(err)
	}
	back := by(t, "stops", 1)
	for i := range 2 * ids {
		if got, err := asked(t, back, float32(i)); err != nil || got != fmt.Sprint("match id ", i) {
			t.Errorf("identify by the node that is back = %q, %v, want id %d", got, err, i)
		}
	}
	reaches(answered.Load()+10, "once it is back")
	close(end)
	group.Wait()
	lines := 0
	for l, err := range openAt(t, "stops", 1).Log(t.Context(), 1) {
		if err != nil {
			t.Fatal(err)
		}
		if l.Action == "identify" {
			lines++
		}
	}
	if want := int(answered.Load()) + 2*ids; lines != want {
		t.Errorf("the log has %d identifications, want %d", lines, want)
	}
	if _, err := gallery.VerifyLog(store.Log(t.Context(), 1)); err != nil {
		t.Error(err)
	}
}

// objects are the names of those on a node that hold a text.
func objects(t *testing.T, node int, class, text string) (names []string) {
	t.Helper()
	var list struct {
		Objects []struct {
			ID         string
			Properties struct{ Body string }
		}
	}
	ask(t, node, "objects?limit=1000&class="+class, &list)
	for _, o := range list.Objects {
		if strings.Contains(o.Properties.Body, text) {
			names = append(names, o.ID)
		}
	}
	return names
}

func ask(t *testing.T, node int, path string, to any) int {
	t.Helper()
	response, err := http.Get("http://" + servers(t).Host(node) + "/v1/" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err == nil && to != nil {
		err = json.Unmarshal(content, to)
	}
	if err != nil {
		t.Fatalf("%s: %v: %.200s", path, err, content)
	}
	return response.StatusCode
}

// An id that was removed while a node was down is never returned once the node is back, and leaves that node too.
func TestARemovedIDDoesNotComeBack(t *testing.T) {
	c := servers(t)
	store := openAt(t, "removed", 0)
	defer store.Close()
	g := lined(t, store, 5)
	const class = "Siam_removed"
	said := objects(t, 2, class, "id 3")
	if len(said) < 2 {
		t.Fatalf("%d objects speak of id 3, want its entry and the log's at least", len(said))
	}
	c.Kill(2)
	if err := g.Remove(t.Context(), "id 3"); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(2); err != nil {
		t.Fatal(err)
	}
	had := slices.ContainsFunc(said, func(name string) bool {
		return ask(t, 2, "objects/"+class+"/"+name+"?node_name=n2", nil) == http.StatusOK
	})
	t.Logf("the node that is back has the id's objects itself: %v", had)
	galleries := []*gallery.Gallery{g, by(t, "removed", 2), by(t, "removed", 1)}
	left := func() (names []string) {
		for node := range gallerytest.Nodes {
			for _, name := range said {
				if ask(t, node, fmt.Sprintf("objects/%s/%s?node_name=n%d", class, name, node), nil) == http.StatusOK {
					names = append(names, name)
				}
			}
		}
		return names
	}
	err := gallerytest.Within(time.Minute, func() bool {
		for _, g := range galleries {
			notThere(t, g)
		}
		return len(left()) == 0 || t.Failed()
	})
	if err != nil {
		t.Errorf("%d objects of the removed id are left on nodes: %v", len(left()), err)
	}
	for node := range gallerytest.Nodes {
		if still := objects(t, node, class, "id 3"); len(still) > 0 {
			t.Errorf("objects %v speak of the removed id, want none", still)
		}
	}
	enroll(t, g, 3, 4)
	if got, err := asked(t, galleries[1], 3); err != nil || got != "match id 3" {
		t.Errorf("identify of an id that was enrolled anew = %q, %v, want a match", got, err)
	}
}

// notThere expects nothing of id 3.
func notThere(t *testing.T, g *gallery.Gallery) {
	t.Helper()
	if got, err := asked(t, g, 3); err != nil || got != "no_match" {
		t.Errorf("identify of a removed id = %q, %v, want no_match", got, err)
	}
	all, err := g.Entries(t.Context(), gallery.Query{Crops: true})
	if err != nil || len(all) != 4 || slices.ContainsFunc(all, func(e gallery.Entry) bool { return e.ID == "id 3" }) {
		t.Errorf("Entries = %d, %v, want 4 without id 3", len(all), err)
	}
}
