package gallerytest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/siam-go/siam/gallery"
)

const (
	processes, changesOfEach = 3, 10
	processStore, processNo  = "SIAM_TEST_PROCESS_STORE", "SIAM_TEST_PROCESS"
)

// Process is what a test program does first where it is one of several processes that change a store, as [RunProcesses] starts them:
// it changes the store and ends.
func Process(open func(ctx context.Context, address string) (gallery.Store, error)) {
	address := os.Getenv(processStore)
	if address == "" {
		return
	}
	store, err := open(context.Background(), address)
	if err == nil {
		err = changes(store, os.Getenv(processNo))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// changes enrols ids that stay and ids that are erased again.
func changes(store gallery.Store, process string) error {
	defer store.Close()
	f := &fixture{random: rand.New(rand.NewPCG(1, uint64(process[0]))), now: time.Now().UTC().Truncate(time.Microsecond)}
	for i := range changesOfEach {
		passing := fmt.Sprintf("passing %s-%d", process, i)
		for _, c := range []gallery.Change{
			{Put: f.entries(fmt.Sprintf("id %s-%d", process, i), passing)},
			{Erase: []string{passing}, Events: []gallery.Event{{Time: f.now, Gallery: "g", Action: "erase", Who: process}}},
		} {
			c.Gallery = "g"
			if err := store.Apply(context.Background(), c); err != nil {
				return err
			}
		}
		if _, err := store.Vectors(context.Background(), "g", 0); err != nil {
			return err
		}
	}
	return nil
}

// RunProcesses lets several processes, which are this test program again, change the empty store at an address at once: none loses
// anything of another's, and the log is one chain. The program's TestMain has to call [Process].
func RunProcesses(t *testing.T, address string, store gallery.Store) {
	f := &fixture{Store: store}
	f.gallery(t, "g")
	var running []*exec.Cmd
	for i := range processes {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), processStore+"="+address, fmt.Sprintf("%s=%d", processNo, i))
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		running = append(running, cmd)
	}
	for _, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Errorf("a process failed: %v", err)
		}
	}
	if n := len(f.list(t, "g", gallery.Query{})); n != processes*changesOfEach {
		t.Errorf("%d entries, want %d", n, processes*changesOfEach)
	}
	if v := f.vectors(t, "g", 0); len(v.Refs) != processes*changesOfEach {
		t.Errorf("%d vectors, want %d", len(v.Refs), processes*changesOfEach)
	}
	if n := len(f.log(t)); n != processes*changesOfEach {
		t.Errorf("%d lines in the log, want %d", n, processes*changesOfEach)
	}
}
