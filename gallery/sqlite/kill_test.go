package sqlite_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/sqlite"
)

// workOn names the file that the test's own binary works on, when it is started as the process to be killed.
const workOn = "SIAM_TEST_KILL"

func TestMain(m *testing.M) {
	if path := os.Getenv(workOn); path != "" {
		if err := work(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if path := os.Getenv(shareOn); path != "" {
		if err := share(path, os.Getenv(shareAs)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const killedDim = 32

// nth is the n-th change of a gallery that holds entries: enrol, remove, calibrate, migrate and others. It depends on nothing else.
func nth(n int64, s gallery.Settings, entries []gallery.Entry) (what string, c gallery.Change) {
	random := rand.New(rand.NewPCG(11, uint64(n)))
	c = gallery.Change{Gallery: "g", Events: []gallery.Event{{Time: time.UnixMicro(n), Gallery: "g", Action: "change", Who: strconv.FormatInt(n, 10)}}}
	ids := idsOf(entries)
	pick := func() string { return ids[random.IntN(len(ids))] }
	what = []string{"enrol", "enrol", "enrol", "remove", "remove", "calibrate", "migrate", "rename", "merge", "delete"}[random.IntN(10)]
	if len(ids) < 4 {
		what = "enrol"
	}
	switch what {
	case "enrol":
		for i := range 1 + random.IntN(4) {
			e := entry(random, fmt.Sprintf("id %d-%d", n, i/2), killedDim, random.IntN(20000))
			e.Model = s.Model
			if random.IntN(5) == 0 {
				e.Role, e.ID = gallery.Stranger, ""
			}
			c.Put = append(c.Put, e)
		}
	case "remove":
		c.Erase = []string{pick()}
	case "calibrate":
		c.Settings = &s
		s.Calibration = &gallery.Calibration{Thresholds: gallery.Thresholds{Match: random.Float32(), Refer: 2}, When: time.UnixMicro(n).UTC()}
	case "migrate":
		c.Settings = &s
		s.Model, s.Calibration = fmt.Sprintf("model %d", n), nil
		for _, e := range entries {
			c.Embeddings = append(c.Embeddings, gallery.NewEmbedding{Key: e.Key, Model: s.Model, Embedding: entry(random, "x", killedDim, 0).Embedding})
		}
	case "rename":
		c.Move = []gallery.Move{{From: pick(), To: fmt.Sprintf("renamed %d", n)}}
	case "merge":
		c.Move = []gallery.Move{{From: ids[0], To: ids[1+random.IntN(len(ids)-1)], Merge: true}}
	case "delete":
		c.Delete = []string{entries[random.IntN(len(entries))].Key}
	}
	return what, c
}

func idsOf(entries []gallery.Entry) []string {
	var ids []string
	for _, e := range entries {
		if e.Role == gallery.Enrolled {
			ids = append(ids, e.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func all(ctx context.Context, store gallery.Store) (s gallery.Settings, entries []gallery.Entry, err error) {
	if s, err = gallery.FindGallery(ctx, store, "g"); err != nil {
		return s, nil, err
	}
	for e, err := range store.Entries(ctx, "g", gallery.Query{Crops: true}) {
		if err != nil {
			return s, nil, err
		}
		entries = append(entries, e)
	}
	return s, entries, nil
}

// work makes change after change, and says so on standard output after each. It does not end by itself.
func work(path string) error {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return err
	}
	done, err := gallery.VerifyLog(store.Log(ctx, 1))
	if err != nil {
		return err
	}
	for n := done.Number + 1; ; n++ {
		s, entries, err := all(ctx, store)
		if err != nil {
			return err
		}
		what, change := nth(n, s, entries)
		fmt.Println("begin", what)
		if err := store.Apply(ctx, change); err != nil {
			return err
		}
		fmt.Println("done", n)
	}
}

// A process that works on the file is killed again and again. What it said that it had done is there afterwards, and of the change it
// was making all or nothing: the file holds what a store in memory holds after the same changes.
func TestKilledProcessesLoseNothing(t *testing.T) {
	kills := 200
	if n, err := strconv.Atoi(os.Getenv("SIAM_KILLS")); err == nil {
		kills = n
	} else if testing.Short() {
		kills = 20
	}
	path := filepath.Join(t.TempDir(), "g.db")
	memory := gallery.Memory()
	s := gallery.Settings{Name: "g", Kind: gallery.Watch, Model: "model", Dim: killedDim, Distance: "euclidean", Representation: gallery.Nearest}
	create := gallery.Change{Gallery: "g", Settings: &s}
	store, err := sqlite.Open(t.Context(), path, sqlite.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range []gallery.Store{store, memory} {
		if err := each.Apply(t.Context(), create); err != nil {
			t.Fatal(err)
		}
	}
	store.Close()
	applied, during := int64(0), map[string]int{}
	random := rand.New(rand.NewPCG(3, 5))
	kill := func(what string, within time.Duration) {
		said, doing := killed(t, path, what, time.Duration(random.Int64N(int64(within))))
		during[doing]++
		if applied = compare(t, path, memory, applied, max(said, applied)); t.Failed() {
			t.FailNow()
		}
	}
	for range kills {
		kill("", 40*time.Millisecond)
	}
	for _, what := range []string{"enrol", "remove", "calibrate", "migrate"} {
		for during[what] == 0 {
			kill(what, time.Millisecond)
		}
	}
	t.Logf("%d changes; killed while doing: %v", applied, during)
}

// killed starts a process and kills it some time after its first change of a kind has begun, "" for any. It returns the last change that
// was said to be done, 0 for none, and what was being done.
func killed(t *testing.T, path, what string, after time.Duration) (done int64, doing string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), workOn+"="+path)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	doing = "starting"
	lines := bufio.NewScanner(out)
	for ends := false; lines.Scan(); {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "begin":
			doing = rest
		case "done":
			doing = "nothing"
			if done, err = strconv.ParseInt(rest, 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		if !ends && word == "begin" && (what == "" || what == doing) {
			ends = true
			time.AfterFunc(after, func() { cmd.Process.Kill() })
		}
	}
	_ = cmd.Wait() // killed
	if stderr.Len() > 0 {
		t.Fatalf("the process failed: %s", stderr.String())
	}
	return done, doing
}

// compare brings the memory to as many changes as the file has, which are those said or one more, and looks for differences.
func compare(t *testing.T, path string, memory gallery.Store, from, said int64) int64 {
	t.Helper()
	whole(t, path)
	store, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	last, err := gallery.VerifyLog(store.Log(t.Context(), 1))
	if err != nil {
		t.Fatal(err)
	}
	if last.Number != said && last.Number != said+1 {
		t.Fatalf("the file has %d changes, and %d were said to be done", last.Number, said)
	}
	for n := from + 1; n <= last.Number; n++ {
		s, entries, err := all(t.Context(), memory)
		if err != nil {
			t.Fatal(err)
		}
		what, change := nth(n, s, entries)
		if err := memory.Apply(t.Context(), change); err != nil {
			t.Fatalf("change %d, %s: %v", n, what, err)
		}
	}
	wantSettings, want, err := all(t.Context(), memory)
	if err != nil {
		t.Fatal(err)
	}
	settings, got, err := all(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(settings, wantSettings) || len(got) != len(want) {
		t.Errorf("after change %d: settings %+v and %d entries, want %+v and %d", last.Number, settings, len(got), wantSettings, len(want))
	}
	for i := range min(len(got), len(want)) {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("after change %d: entry %s of %q of model %s differs, want %s of %q of model %s", last.Number, got[i].Key, got[i].ID, got[i].Model, want[i].Key, want[i].ID, want[i].Model)
		}
	}
	return last.Number
}

// whole asks SQLite whether the file is.
func whole(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var verdict string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Fatalf("integrity_check: %s, %v", verdict, err)
	}
}
