package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/gallerytest"
	"github.com/siam-go/siam/gallery/postgres"
)

// places are folders for which there is a store.
var places = map[string]bool{}

// place is the address of a store that is empty unless it was asked for with this folder before.
func place(t *testing.T, folder string) string {
	t.Helper()
	if !places[folder] {
		clear(places)
		places[folder] = true
		run(t, "DROP TABLE IF EXISTS siam_store, siam_gallery, siam_entry, siam_part, siam_line CASCADE")
	}
	return server(t)
}

// run runs a statement on the server.
func run(t *testing.T, statement string) {
	t.Helper()
	ctx := context.Background() // tests clean up after their context has ended
	config, err := pgx.ParseConfig(server(t))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
}

func open(o postgres.Options) func(t *testing.T, folder string) gallery.Store {
	o.Create = true
	return func(t *testing.T, folder string) gallery.Store {
		store, err := postgres.Open(t.Context(), place(t, folder), o)
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
}

func TestPostgresKeepsTheContract(t *testing.T) {
	server(t)
	gallerytest.Run(t, open(postgres.Options{}))
}

func TestProcessesShareAServer(t *testing.T) {
	server(t)
	store := open(postgres.Options{})(t, t.TempDir())
	defer store.Close()
	gallerytest.RunProcesses(t, server(t), store)
}

func TestPostgresHoldsWhatMemoryHolds(t *testing.T) {
	server(t)
	gallerytest.RunRandom(t, open(postgres.Options{}))
}
