package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/gallerytest"
	"github.com/siam-go/siam/gallery/postgres"
)

func TestNewerAndMissingStoresAreRefused(t *testing.T) {
	address := place(t, t.TempDir())
	refuses(t, address, fs.ErrNotExist, "siam gallery create")
	store := open(postgres.Options{})(t, t.TempDir())
	store.Close()
	run(t, "UPDATE siam_store SET version = 99")
	refuses(t, address, gallery.ErrNewerStore, "version is 99")
	refuses(t, "postgres://secret:secret@127.0.0.1:1/none", gallery.ErrUnreachable, "127.0.0.1:1")
	refuses(t, "postgres://x:secret@[::1", nil, "gallery store")
}

// refuses expects Open to fail in one line that holds no password.
func refuses(t *testing.T, address string, want error, about string) {
	t.Helper()
	store, err := postgres.Open(t.Context(), address, postgres.Options{})
	if err == nil {
		store.Close()
	}
	if err == nil || want != nil && !errors.Is(err, want) || !strings.Contains(err.Error(), about) || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), ":secret") {
		t.Errorf("Open = %v, want one line about %q that is %v", err, about, want)
	}
}

// A store whose server goes away fails in one line, changes nothing by half, and works again by itself.
func TestAServerThatGoesAwayComesBack(t *testing.T) {
	address, err := url.Parse(place(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	w := gallerytest.NewWay(t, address.Host)
	address.Host = w.Address()
	store, err := postgres.Open(t.Context(), address.String(), postgres.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	entries := fill(t, store, "g", "euclidean", 300)
	for range 3 {
		for _, err := range store.Entries(t.Context(), "g", gallery.Query{Crops: true}) {
			if err != nil {
				if !errors.Is(err, gallery.ErrUnreachable) || strings.Contains(err.Error(), "\n") {
					t.Errorf("Entries in the middle of a cut = %v, want one line that is %v", err, gallery.ErrUnreachable)
				}
				break
			}
			w.Cut(true)
		}
		_, galleries := store.Galleries(t.Context())
		change := store.Apply(t.Context(), gallery.Change{Gallery: "g", Erase: []string{"id 0"}})
		for what, err := range map[string]error{"Galleries": galleries, "Apply": change} {
			if !errors.Is(err, gallery.ErrUnreachable) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s without a server = %v, want one line that is %v", what, err, gallery.ErrUnreachable)
			}
		}
		w.Cut(false)
		if v, err := store.Vectors(t.Context(), "g", 0); err != nil || len(v.Refs) != len(entries)*9/10 {
			t.Errorf("Vectors once the server is back: %d, %v, want %d", len(v.Refs), err, len(entries)*9/10)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := store.Apply(ctx, gallery.Change{Gallery: "g", Erase: []string{"id 0"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("Apply = %v, want %v", err, context.Canceled)
	}
}

// A server that falls silent before a transaction is given up, as where its machine was switched off, keeps nobody waiting for long.
func TestAServerThatFallsSilentKeepsNobody(t *testing.T) {
	address, err := url.Parse(place(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	address.Host = silentAt(t, address.Host, "rollback")
	store, err := postgres.Open(t.Context(), address.String(), postgres.Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { go store.Close() }() // which waits some time for an answer
	begin := time.Now()
	if _, err := store.Vectors(t.Context(), "nobody", 0); !errors.Is(err, gallery.ErrNotFound) || time.Since(begin) > 20*time.Second {
		t.Errorf("Vectors = %v after %v, want %v soon", err, time.Since(begin), gallery.ErrNotFound)
	}
}

// silentAt is a way to a server that passes nothing more once a client has sent a word.
func silentAt(t *testing.T, server, word string) string {
	at, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { at.Close() })
	go func() {
		for {
			client, err := at.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server)
			if err != nil {
				client.Close()
				continue
			}
			go func() { _, _ = io.Copy(client, far) }()
			go func() {
				defer far.Close()
				sent := make([]byte, 4096)
				for {
					n, err := client.Read(sent)
					if err != nil {
						return
					}
					if !bytes.Contains(sent[:n], []byte(word)) {
						_, _ = far.Write(sent[:n])
					}
				}
			}()
		}
	}()
	return at.Addr().String()
}
