package weaviate_test

import (
	"flag"
	"fmt"
	"testing"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/gallerytest"
	"github.com/siam-go/siam/gallery/weaviate"
)

// names of stores by the folders for which they are.
var names = map[string]string{}

// name is the name of a store that is new unless it was asked for with this folder before.
func name(folder string) string {
	if names[folder] == "" {
		names[folder] = fmt.Sprint("test", len(names)+1)
	}
	return names[folder]
}

func open(t *testing.T, folder string) gallery.Store {
	t.Helper()
	return openAt(t, name(folder), 0)
}

// openAt opens a store by a node.
func openAt(t *testing.T, name string, node int) gallery.Store {
	t.Helper()
	store, err := weaviate.Open(t.Context(), servers(t).Address(name, node), weaviate.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestWeaviateKeepsTheContract(t *testing.T) {
	servers(t)
	gallerytest.Run(t, open)
}

func TestProcessesShareACluster(t *testing.T) {
	store := openAt(t, "shared", 0)
	defer store.Close()
	gallerytest.RunProcesses(t, servers(t).Address("shared", 1), store)
}

func TestWeaviateHoldsWhatMemoryHolds(t *testing.T) {
	servers(t)
	if err := flag.Set("rapid.checks", "10"); err != nil { // a change takes several requests
		t.Fatal(err)
	}
	gallerytest.RunRandom(t, open)
}
