package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/postgres"
	"github.com/siam-go/siam/gallery/sqlite"
	"github.com/siam-go/siam/gallery/weaviate"
)

// storeOptions say how a store of galleries is opened.
type storeOptions struct {
	url     string
	keyFile string
	create  bool
}

// storeOpeners are the kinds of store, by the scheme of their addresses.
var storeOpeners = map[string]func(ctx context.Context, address *url.URL, o storeOptions, key []byte) (gallery.Store, error){
	"sqlite":     openSQLite,
	"postgres":   openPostgres,
	"postgresql": openPostgres,
	"weaviate":   openWeaviate,
}

// openStore opens the store that an address names.
func openStore(ctx context.Context, o storeOptions) (gallery.Store, error) {
	if o.url == "" {
		return nil, usagef("--db is missing: name a store, such as sqlite:gallery.db")
	}
	address, err := url.Parse(o.url)
	if err != nil || address.Scheme == "" {
		return nil, usagef("--db %s: want an address such as sqlite:gallery.db or sqlite:///var/lib/siam/gallery.db", o.url)
	}
	open, known := storeOpeners[address.Scheme]
	if !known {
		return nil, usagef("--db %s: no store %q: want sqlite, postgres or weaviate", address.Redacted(), address.Scheme)
	}
	key, err := readKey(o.keyFile)
	if err != nil {
		return nil, err
	}
	return open(ctx, address, o, key)
}

// sqlitePath is the file that an address names.
func sqlitePath(address *url.URL) (string, error) {
	switch {
	case address.Opaque != "":
		return url.PathUnescape(address.Opaque)
	case address.Host != "":
		return "", usagef("--db %s: want three slashes before a full path, or none: sqlite:///%s%s or sqlite:%s%s",
			address, address.Host, address.Path, address.Host, address.Path)
	}
	return address.Path, nil
}

func openSQLite(ctx context.Context, address *url.URL, o storeOptions, key []byte) (gallery.Store, error) {
	path, err := sqlitePath(address)
	if err != nil {
		return nil, err
	}
	store, err := sqlite.Open(ctx, path, sqlite.Options{Create: o.create, Key: key})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no gallery store %s: check the path, or make one with siam gallery create", path)
	}
	return store, err
}

// openPostgres opens a store on a server. The parameter search=approximate of its address lets searches take an index, and
// graphs=FOLDER keeps graphs on this machine.
func openPostgres(ctx context.Context, address *url.URL, o storeOptions, key []byte) (gallery.Store, error) {
	if key != nil {
		return nil, usagef("--key-file: stores on PostgreSQL are not encrypted by siam, as the server searches the embeddings: encrypt the server's disk, or use sqlite")
	}
	parameters := address.Query()
	search := parameters.Get("search")
	if search != "" && search != "exact" && search != "approximate" {
		return nil, usagef("--db %s: search=%s, want exact or approximate", address.Redacted(), search)
	}
	graphs := parameters.Get("graphs")
	parameters.Del("search")
	parameters.Del("graphs")
	server := *address
	server.RawQuery = parameters.Encode()
	return postgres.Open(ctx, server.String(), postgres.Options{Create: o.create, Approximate: search == "approximate", Graphs: graphs})
}

// openWeaviate opens a store on a cluster. The parameter graphs=FOLDER keeps graphs on this machine.
func openWeaviate(ctx context.Context, address *url.URL, o storeOptions, key []byte) (gallery.Store, error) {
	if key != nil {
		return nil, usagef("--key-file: stores on Weaviate are not encrypted by siam: encrypt the nodes' disks, or use sqlite")
	}
	return weaviate.Open(ctx, address.String(), weaviate.Options{Create: o.create, Graphs: address.Query().Get("graphs")})
}

// readKey reads a key of 32 bytes, as they are or as 64 hexadecimal digits; nil when no file is named.
func readKey(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	key, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--key-file: %w", err)
	}
	if decoded, err := hex.DecodeString(strings.TrimSpace(string(key))); err == nil && len(decoded) == 32 {
		return decoded, nil
	}
	if len(key) != 32 {
		return nil, fmt.Errorf("--key-file %s has %d bytes: want 32 random ones, as head -c 32 /dev/urandom makes them", file, len(key))
	}
	return key, nil
}
