package gallerytest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/gallerytest"
	"github.com/siam-go/siam/gallery/postgres"
	"github.com/siam-go/siam/gallery/sqlite"
	"github.com/siam-go/siam/gallery/weaviate"
)

// stores are all kinds that can be had here, empty.
func stores(t *testing.T) map[string]gallery.Store {
	all := map[string]gallery.Store{"memory": gallery.Memory()}
	add := func(kind string, store gallery.Store, err error) {
		if err != nil {
			t.Fatal(err)
		}
		all[kind] = store
		t.Cleanup(func() { store.Close() })
	}
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "g.db"), sqlite.Options{Create: true})
	add("sqlite", store, err)
	if address, stop, err := gallerytest.StartPostgres(); err != nil {
		t.Log("without PostgreSQL: ", err)
	} else {
		t.Cleanup(stop)
		add("postgres", openPostgres(t, address), nil)
	}
	if cluster, err := gallerytest.StartWeaviate(); err != nil {
		t.Log("without Weaviate: ", err)
	} else {
		t.Cleanup(cluster.Stop)
		store, err := weaviate.Open(t.Context(), cluster.Address("all", 0), weaviate.Options{Create: true})
		add("weaviate", store, err)
	}
	return all
}

// openPostgres opens a store in a schema of its own, where the server has several: other tests use the first.
func openPostgres(t *testing.T, address string) gallery.Store {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "CREATE SCHEMA IF NOT EXISTS siam_all; DROP TABLE IF EXISTS siam_all.siam_store, siam_all.siam_gallery, siam_all.siam_entry, siam_all.siam_part, siam_all.siam_line CASCADE", pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	conn.Close(t.Context())
	store, err := postgres.Open(t.Context(), address+"&search_path=siam_all,public", postgres.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

const numbers = 32 // in an embedding

func model(hash string) gallery.Model {
	threshold := float32(3)
	return gallery.Model{Hash: hash, Dim: numbers, Distance: distance.Euclidean(), Threshold: &threshold}
}

// person is an image of one of some people, who are a few standard deviations apart.
func person(random *rand.Rand, who int) gallery.Face {
	of := rand.New(rand.NewPCG(uint64(who), 77))
	f := gallery.Face{Crop: []byte(fmt.Sprint("crop of ", who))}
	for range numbers {
		f.Embedding = append(f.Embedding, float32(of.NormFloat64()+0.3*random.NormFloat64()))
	}
	return f
}

// session is a gallery at work; what it says, without what is random by nature, is written down.
type session struct {
	t      *testing.T
	store  gallery.Store
	g      *gallery.Gallery
	random *rand.Rand
	clock  time.Time
	said   []string
}

func (s *session) note(what string, value any, err error) {
	s.t.Helper()
	encoded, bad := json.MarshalIndent(value, "", " ")
	if bad != nil {
		s.t.Fatal(bad)
	}
	failed := ""
	for _, kind := range []error{gallery.ErrNotFound, gallery.ErrExists, gallery.ErrConflict, gallery.ErrOtherModel, gallery.ErrBadEmbedding} {
		if err != nil && strings.Contains(err.Error(), kind.Error()) {
			failed = kind.Error()
		}
	}
	if err != nil && failed == "" {
		s.t.Fatalf("%s: %v", what, err)
	}
	s.said = append(s.said, fmt.Sprintf("%s: %s %s", what, failed, encoded))
}

func (s *session) now() time.Time {
	s.clock = s.clock.Add(time.Second)
	return s.clock
}

func (s *session) image(id string, who int) gallery.Enrolment {
	face := person(s.random, who)
	return gallery.Enrolment{ID: id, Name: id + ".png", Hash: fmt.Sprint("hash ", len(s.said), who, face.Embedding[0]), Face: face}
}

// identify asks about people, known and unknown.
func (s *session) identify(from, to int) {
	var photos []gallery.Photograph
	for who := from; who < to; who++ {
		photos = append(photos, gallery.Photograph{Name: fmt.Sprint("probe ", who), Hash: fmt.Sprint(who), Faces: []gallery.Face{person(s.random, who)}})
	}
	results, err := s.g.Identify(s.t.Context(), photos, gallery.IdentifyOptions{})
	for i := range results {
		for j := range results[i].Candidates {
			results[i].Candidates[j].Key = ""
		}
	}
	s.note("identify", results, err)
}

func (s *session) list() {
	all, err := s.g.List(s.t.Context())
	s.note("list", all, err)
	groups, err := s.g.Review(s.t.Context())
	s.note("review", len(groups), err)
}

// run is one sequence of operations.
func (s *session) run() {
	ctx := s.t.Context()
	settings := model("first").Settings("gate", gallery.Watch)
	settings.Created, settings.ReviewDays = s.clock, 3
	options := []gallery.Option{gallery.As("tester"), gallery.WithClock(s.now)}
	g, err := gallery.Create(ctx, s.store, model("first"), settings, options...)
	s.g = g
	s.note("create", nil, err)
	_, err = gallery.Create(ctx, s.store, model("first"), settings, options...)
	s.note("create again", nil, err)
	s.identify(0, 2)
	for who := range 30 {
		_, err := g.Enroll(ctx, s.image(fmt.Sprint("id ", who), who), s.image(fmt.Sprint("id ", who), who))
		s.note("enroll", nil, err)
	}
	s.identify(0, 40)
	var strangers []gallery.Person
	for who := 100; who < 500; who++ {
		strangers = append(strangers, gallery.Person{Name: fmt.Sprint(who), Embeddings: [][]float32{person(s.random, who).Embedding}})
	}
	study, err := g.Calibrate(ctx, gallery.CalibrateOptions{FPIR: 0.05, Miss: 0.2, Strangers: strangers})
	s.note("calibrate", nil, err)
	if err == nil {
		study.Calibration.When = s.clock
		s.note("thresholds", study.Calibration, g.SetCalibration(ctx, &study.Calibration))
	}
	s.identify(20, 40)
	s.note("reject", nil, g.Reject(ctx, "id 3", s.image("", 33)))
	s.note("rename", nil, g.Rename(ctx, "id 4", "Ω 'quoted'", false))
	s.note("rename to one that is there", nil, g.Rename(ctx, "id 5", "id 6", false))
	s.note("merge", nil, g.Rename(ctx, "id 5", "id 6", true))
	s.note("remove", nil, g.Remove(ctx, "id 7", "id 8"))
	s.note("remove again", nil, g.Remove(ctx, "id 7"))
	s.identify(0, 40)
	s.list()
	removed, err := g.Purge(ctx, s.clock.Add(-70*time.Second))
	s.note("purge", removed, err)
	s.identify(0, 40)
	s.list()
	var export bytes.Buffer
	s.note("export", nil, g.Export(ctx, &export, "Ω 'quoted'"))
	s.note("exported", strings.Count(export.String(), "\n"), nil)
	s.log()
}

// log writes the audit log down, without its salts and so without digests and hashes.
func (s *session) log() {
	_, err := gallery.VerifyLog(s.store.Log(s.t.Context(), 1))
	s.note("the log's chain", nil, err)
	for l, err := range s.store.Log(s.t.Context(), 1) {
		l.Hash = ""
		for i, p := range l.Parts {
			l.Parts[i] = gallery.Part{About: p.About}
			if p.Body != nil {
				l.Parts[i].Body = json.RawMessage("true")
			}
		}
		s.note("log", l, err)
	}
}

// The same operations have the same answers, whatever store keeps the gallery.
func TestAllStoresAnswerAlike(t *testing.T) {
	said := map[string][]string{}
	for kind, store := range stores(t) {
		s := &session{t: t, store: store, random: rand.New(rand.NewPCG(1, 1)), clock: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
		s.run()
		said[kind] = s.said
	}
	matches := 0
	for _, line := range said["memory"] {
		matches += strings.Count(line, `"verdict": "match"`)
	}
	if matches < 30 {
		t.Errorf("%d matches, want those of known people once the gallery is calibrated", matches)
	}
	for kind, got := range said {
		if diff := cmp.Diff(said["memory"], got); diff != "" {
			t.Errorf("what a gallery in %s says differs from one in memory (-memory +%[1]s):\n%.3000s", kind, diff)
		}
	}
}
