package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/sqlite"
)

// alter changes a file as another program would.
func alter(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// refuses expects Open to fail in one line.
func refuses(t *testing.T, path string, o sqlite.Options, want error, about string) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path, o)
	if err == nil {
		store.Close()
	}
	if err == nil || want != nil && !errors.Is(err, want) || !strings.Contains(err.Error(), about) || strings.Contains(err.Error(), "\n") {
		t.Errorf("Open = %v, want one line about %q that is %v", err, about, want)
	}
}

func TestNewerAndForeignFilesAreRefused(t *testing.T) {
	store, path := open(t, 4, sqlite.Options{})
	store.Close()
	alter(t, path, "PRAGMA user_version = 99")
	refuses(t, path, sqlite.Options{}, gallery.ErrNewerStore, "use that version")
	alter(t, path, "PRAGMA user_version = 1; PRAGMA application_id = 5")
	refuses(t, path, sqlite.Options{}, nil, "another program")
	refuses(t, t.TempDir(), sqlite.Options{Create: true}, nil, "folder")
	refuses(t, filepath.Join(t.TempDir(), "none.db"), sqlite.Options{}, os.ErrNotExist, "none.db")
	refuses(t, filepath.Join(t.TempDir(), "no", "folder", "g.db"), sqlite.Options{Create: true}, nil, "make it first")
}

func TestOnlyTheOwnerReadsTheFile(t *testing.T) {
	store, path := open(t, 4, sqlite.Options{})
	for _, file := range []string{path, path + "-wal"} {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("mode of %s = %v, %v, want that only its owner reads it", file, info.Mode(), err)
		}
	}
	copied := filepath.Join(filepath.Dir(path), "copy.db")
	backup(t, store, copied)
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of a backup = %v, %v, want that only its owner reads it", info.Mode(), err)
	}
}

func backup(t *testing.T, store gallery.Store, file string) {
	t.Helper()
	if err := store.(interface {
		Backup(context.Context, string) error
	}).Backup(t.Context(), file); err != nil {
		t.Fatal(err)
	}
}

// A backup is the store at one moment, while it is used, without what was erased.
func TestABackupIsWhole(t *testing.T) {
	store, path := open(t, 16, sqlite.Options{})
	random := rand.New(rand.NewPCG(9, 9))
	apply(t, store, gallery.Change{Put: []gallery.Entry{entry(random, "a", 16, 900), entry(random, "b", 16, 900)}})
	apply(t, store, gallery.Change{Erase: []string{"a"}})
	copied := filepath.Join(filepath.Dir(path), "copy.db")
	backup(t, store, copied)
	apply(t, store, gallery.Change{Put: []gallery.Entry{entry(random, "later", 16, 0)}})
	whole(t, copied)
	restored, err := sqlite.Open(t.Context(), copied, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	if _, entries, err := all(t.Context(), restored); err != nil || len(entries) != 1 || entries[0].ID != "b" || len(entries[0].Crop) != 900 {
		t.Errorf("the backup holds %d entries, %v, want b alone", len(entries), err)
	}
}

// What is sealed is not in the file as it is, and what was moved to another place or altered does not open.
func TestSealedBlobsAreSealed(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 32)
	store, path := open(t, 64, sqlite.Options{Key: key})
	random := rand.New(rand.NewPCG(1, 1))
	a, b := entry(random, "a", 64, 500), entry(random, "b", 64, 500)
	apply(t, store, gallery.Change{Put: []gallery.Entry{a, b}})
	store.Close()
	plain := map[string]string{}
	for _, e := range []gallery.Entry{a, b} {
		pieces(plain, "embedding", bytesOf(e.Embedding))
		pieces(plain, "crop", e.Crop)
	}
	if left := traces(t, path, plain); len(left) > 0 {
		t.Errorf("traces in an encrypted file: %v", left)
	}
	refuses(t, path, sqlite.Options{}, gallery.ErrWrongKey, "name its key file")
	refuses(t, path, sqlite.Options{Key: bytes.Repeat([]byte{8}, 32)}, gallery.ErrWrongKey, "another key")
	refuses(t, path, sqlite.Options{Key: key[:16]}, gallery.ErrWrongKey, "want 32")
	for what, statement := range map[string]string{
		"exchanged": "UPDATE entry SET embedding = (SELECT embedding FROM entry e WHERE e.id <> entry.id)",
		"altered":   "UPDATE entry SET embedding = zeroblob(length(embedding))",
		"cut":       "UPDATE entry SET embedding = x'00'",
	} {
		alter(t, path, statement)
		opened, err := sqlite.Open(t.Context(), path, sqlite.Options{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := opened.Vectors(t.Context(), "g", 0); !errors.Is(err, gallery.ErrDamaged) {
			t.Errorf("Vectors with embeddings %s = %v, want %v", what, err, gallery.ErrDamaged)
		}
		opened.Close()
	}
}

func TestStoredNumbersAreChecked(t *testing.T) {
	for _, blob := range []string{"x'0000c07f'", "x''", "x'00'", "zeroblob(4000000)", "x'000080ff'"} {
		store, path := open(t, 1, sqlite.Options{})
		apply(t, store, gallery.Change{Put: []gallery.Entry{entry(rand.New(rand.NewPCG(1, 1)), "a", 1, 0)}})
		alter(t, path, "UPDATE entry SET embedding = "+blob)
		if _, err := store.Vectors(t.Context(), "g", 0); !errors.Is(err, gallery.ErrDamaged) {
			t.Errorf("Vectors of an embedding %s = %v, want %v", blob, err, gallery.ErrDamaged)
		}
	}
}

func TestAnAlteredLogInTheFileShows(t *testing.T) {
	for _, statement := range []string{
		"UPDATE line SET who = 'somebody else' WHERE number = 2", "UPDATE line SET time = time + 1 WHERE number = 2", "DELETE FROM line WHERE number = 2",
		"UPDATE part SET body = '{}' WHERE line = 2", "DELETE FROM part WHERE line = 2", "UPDATE line SET number = 7 WHERE number = 3",
	} {
		store, path := open(t, 4, sqlite.Options{})
		for range 3 {
			apply(t, store, gallery.Change{Events: []gallery.Event{{Gallery: "g", Action: "identify", Who: "the gate", Parts: []gallery.Part{gallery.NewPart("a verdict", "a")}}}})
		}
		if _, err := gallery.VerifyLog(store.Log(t.Context(), 1)); err != nil {
			t.Fatal(err)
		}
		alter(t, path, statement)
		if _, err := gallery.VerifyLog(store.Log(t.Context(), 1)); !errors.Is(err, gallery.ErrDamaged) {
			t.Errorf("VerifyLog after %s = %v, want %v", statement, err, gallery.ErrDamaged)
		}
	}
}

// A damaged file gives an error or an answer, and never a panic.
func TestDamagedFilesDoNotPanic(t *testing.T) {
	store, path := open(t, 16, sqlite.Options{})
	random := rand.New(rand.NewPCG(5, 5))
	for i := range 20 {
		apply(t, store, gallery.Change{Put: []gallery.Entry{entry(random, fmt.Sprint("id ", i), 16, 900)},
			Events: []gallery.Event{{Gallery: "g", Action: "enroll", Parts: []gallery.Part{gallery.NewPart(i, "a")}}}})
	}
	store.Close()
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	failures := 0
	for range 150 {
		bad := bytes.Clone(good)
		for range 1 + random.IntN(20) {
			bad[random.IntN(len(bad))] ^= byte(1 << random.IntN(8))
		}
		if random.IntN(4) == 0 {
			bad = bad[:random.IntN(len(bad))]
		}
		file := filepath.Join(t.TempDir(), "bad.db")
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := useAll(t, file); err != nil {
			failures++
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q, want one line", err)
			}
		}
	}
	if failures == 0 {
		t.Errorf("none of 150 damaged files gave an error")
	}
}

// useAll reads everything and changes something.
func useAll(t *testing.T, file string) error {
	store, err := sqlite.Open(t.Context(), file, sqlite.Options{})
	if err != nil {
		return err
	}
	defer store.Close()
	if _, err := store.Vectors(t.Context(), "g", 0); err != nil {
		return err
	}
	for _, err := range store.Entries(t.Context(), "g", gallery.Query{Crops: true}) {
		if err != nil {
			return err
		}
	}
	if _, err := gallery.VerifyLog(store.Log(t.Context(), 1)); err != nil {
		return err
	}
	return store.Apply(t.Context(), gallery.Change{Gallery: "g", Erase: []string{"id 3"}})
}

// Two programs work on one file at once; neither loses anything of the other's, and no audit line.
func TestTwoProcessesShareAFile(t *testing.T) {
	store, path := open(t, killedDim, sqlite.Options{})
	store.Close()
	var wait []*exec.Cmd
	for i := range 3 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), shareOn+"="+path, fmt.Sprintf("%s=%d", shareAs, i))
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		wait = append(wait, cmd)
	}
	for _, cmd := range wait {
		if err := cmd.Wait(); err != nil {
			t.Errorf("a process failed: %v", err)
		}
	}
	store, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	whole(t, path)
	_, entries, err := all(t.Context(), store)
	last, logErr := gallery.VerifyLog(store.Log(t.Context(), 1))
	if err != nil || logErr != nil || len(entries) != 3*shareEntries || last.Number != 3*shareEntries {
		t.Errorf("%d entries and %d lines, %v, %v, want %d of both", len(entries), last.Number, err, logErr, 3*shareEntries)
	}
}

const (
	shareOn, shareAs = "SIAM_TEST_SHARE", "SIAM_TEST_SHARE_AS"
	shareEntries     = 25
)

// share enrolls and erases beside other processes, and leaves shareEntries entries.
func share(path, as string) error {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return err
	}
	defer store.Close()
	random := rand.New(rand.NewPCG(1, uint64(as[0])))
	for i := range shareEntries {
		temporary := fmt.Sprintf("temporary %s-%d", as, i)
		changes := []gallery.Change{
			{Put: []gallery.Entry{entry(random, fmt.Sprintf("id %s-%d", as, i), killedDim, 3000), entry(random, temporary, killedDim, 0)}},
			{Erase: []string{temporary}, Events: []gallery.Event{{Gallery: "g", Action: "erase", Who: as}}},
		}
		for _, c := range changes {
			c.Gallery = "g"
			if err := store.Apply(ctx, c); err != nil {
				return err
			}
		}
		if _, err := store.Vectors(ctx, "g", 0); err != nil {
			return err
		}
	}
	return nil
}

// On a full disk a change fails whole, in one line, and everything works again once there is room.
func TestAFullDiskLosesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir).Run(); err != nil {
		t.Skip("needs root on Linux, to mount a small disk")
	}
	t.Cleanup(func() { exec.Command("umount", dir).Run() })
	path := filepath.Join(dir, "g.db")
	store, err := sqlite.Open(t.Context(), path, sqlite.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	s := gallery.Settings{Name: "g", Kind: gallery.Watch, Model: "model", Dim: 64, Distance: "euclidean", Representation: gallery.Nearest}
	apply(t, store, gallery.Change{Settings: &s})
	random := rand.New(rand.NewPCG(2, 2))
	done := 0
	for ; done < 1000; done++ {
		err = store.Apply(t.Context(), gallery.Change{Gallery: "g", Put: []gallery.Entry{entry(random, fmt.Sprint("id ", done), 64, 20000)}})
		if err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "the disk is full: nothing was changed") {
		t.Fatalf("Apply on a full disk = %v after %d changes, want that it is full", err, done)
	}
	_, entries, err := all(t.Context(), store)
	if err != nil || len(entries) != done {
		t.Errorf("%d entries, %v, want the %d that were said to be there", len(entries), err, done)
	}
	store.Close()
	if store, err = sqlite.Open(t.Context(), path, sqlite.Options{}); err != nil {
		t.Fatalf("Open on a full disk: %v", err)
	}
	if v, err := store.Vectors(t.Context(), "g", 0); err != nil || len(v.Refs) != done {
		t.Errorf("Vectors on a full disk = %d, %v, want %d", len(v.Refs), err, done)
	}
	if err := exec.Command("mount", "-o", "remount,size=8m", dir).Run(); err != nil {
		t.Fatal(err)
	}
	apply(t, store, gallery.Change{Put: []gallery.Entry{entry(random, "later", 64, 20000)}, Erase: []string{"id 0"}})
	if _, entries, err := all(t.Context(), store); err != nil || len(entries) != done {
		t.Errorf("%d entries, %v, want %d: one more, one less", len(entries), err, done)
	}
	store.Close()
	whole(t, path)
}
