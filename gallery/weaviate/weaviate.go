// Package weaviate keeps galleries on a Weaviate cluster: the store that goes on while a machine fails.
//
// Weaviate has neither transactions nor searches that ask a majority of replicas. What it has is objects that are read and written by
// a majority, and a schema that all nodes agree on. So a store is a sequence of numbered changes, each an object that is written once:
// who changes something takes the turn of the next number, which is an alias in the schema that can be made once only, writes what
// belongs to the change under random names, and at last the change itself. Whoever reads follows the numbers up to the last, and so
// knows each object that there has to be; one that a replica lacks is read from the others.
//
// The entries are searched in the memory of the program, and exactly: an answer of Weaviate's own index comes from one replica of
// each shard, which may have missed what was enrolled or removed while its node was down.
//
// What is removed is named by no change any more, and so never returned, even where a node that was down brings it back. Each change
// that erases an id notes it in a ledger, as a hash with the time, that is checked against every entry that is read. The objects are
// deleted at once, and again once nodes that were down are back, until none has them.
package weaviate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/siam-go/siam/gallery"
)

// Options say how to open a store.
type Options struct {
	Graphs string // folder of this machine for graphs of galleries that are searched approximately in memory; empty for none
	Create bool   // make the store where there is none
	// Replicas is how many nodes keep each object of a store that is made; 0 is 3, or 1 where the cluster has fewer than 3 nodes.
	Replicas int
}

const version = 1

// store is one class of objects in a cluster.
type store struct {
	*cluster
	salt   string
	graphs string // see Options

	writing lock // one change at a time; other programs are kept away by turns

	mu      lock
	now     *state
	settled int64 // what was erased up to this change has left all nodes, as this program has seen
	closed  bool

	replaying sync.Mutex
	replayed  time.Time // when replay looked last; it may again after replayEvery
}

// lock is a mutex that one need not wait for after one's context has ended.
type lock chan struct{}

func (l lock) Lock()   { l <- struct{}{} }
func (l lock) Unlock() { <-l }

// hold locks, unless the context ends before.
func (l lock) hold(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case l <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Open opens the store that an address such as weaviate://:KEY@host:8080/name names; the key of the API, the port, which is 8080 then,
// and the name, which is "galleries" then, may be left out. The parameter also=host:port,host:port names more nodes, to be asked when
// the first does not answer, and tls=true asks them by HTTPS. It fails with [fs.ErrNotExist] where there is no store and Create is not
// set, with [gallery.ErrUnreachable] and [gallery.ErrNewerStore].
func Open(ctx context.Context, address string, o Options) (gallery.Store, error) {
	c, err := newCluster(address)
	if err != nil {
		return nil, fmt.Errorf("open gallery store: %w", err)
	}
	s := &store{cluster: c, graphs: o.Graphs, now: newState(), writing: make(lock, 1), mu: make(lock, 1)}
	if err := s.setUp(ctx, o); err != nil {
		return nil, s.failed(ctx, "open", err)
	}
	return s, nil
}

var fitNames = regexp.MustCompile(`^[A-Za-z0-9_]{1,100}$`)

func newCluster(address string) (*cluster, error) {
	at, err := url.Parse(address)
	if err != nil || at.Host == "" {
		return nil, errors.New("want an address such as weaviate://host:8080/name") // the one given may hold a key
	}
	name := strings.Trim(at.Path, "/")
	if name == "" {
		name = "galleries"
	}
	if !fitNames.MatchString(name) {
		return nil, fmt.Errorf("store %.40q: want a name of letters, digits and _", name)
	}
	scheme, parameters := "http://", at.Query()
	if parameters.Get("tls") == "true" {
		scheme = "https://"
	}
	c := &cluster{class: "Siam_" + name, client: &http.Client{}}
	c.key, _ = at.User.Password()
	also := strings.FieldsFunc(parameters.Get("also"), func(r rune) bool { return r == ',' })
	for _, host := range append([]string{at.Host}, also...) {
		if (&url.URL{Host: host}).Port() == "" {
			host += ":8080"
		}
		c.hosts = append(c.hosts, scheme+host)
	}
	return c, nil
}

// description stands in the class, for whoever looks at it.
type description struct {
	What    string `json:"what"`
	Version int    `json:"version"`
	Salt    string `json:"salt"`
}

// setUp finds the class, or makes it if it may, and reads what it holds.
func (s *store) setUp(ctx context.Context, o Options) error {
	got, err := s.want(ctx, http.MethodGet, "schema/"+s.class, nil, http.StatusOK, http.StatusNotFound)
	if err != nil {
		return err
	}
	if got.status == http.StatusNotFound && !o.Create {
		return fmt.Errorf("there is no gallery store: make one with siam gallery create: %w", fs.ErrNotExist)
	}
	if got.status == http.StatusNotFound {
		if err := s.makeClass(ctx, o.Replicas); err != nil {
			return err
		}
		if got, err = s.want(ctx, http.MethodGet, "schema/"+s.class, nil, http.StatusOK); err != nil {
			return err
		}
	}
	var class struct{ Description string }
	var about description
	if err := errors.Join(json.Unmarshal(got.body, &class), json.Unmarshal([]byte(class.Description), &about)); err != nil || about.Salt == "" {
		return fmt.Errorf("%w: class %s does not say that it is a gallery store", gallery.ErrDamaged, s.class)
	}
	if about.Version > version {
		return fmt.Errorf("its version is %d, and this program knows up to %d: %w", about.Version, version, gallery.ErrNewerStore)
	}
	s.salt = about.Salt
	if err := s.start(ctx); err != nil {
		return err
	}
	s.replay(ctx)
	return ctx.Err()
}

// makeClass makes the class; somebody else may be doing the same.
func (s *store) makeClass(ctx context.Context, replicas int) error {
	if replicas == 0 {
		nodes, err := s.nodes(ctx)
		if err != nil {
			return err
		}
		if replicas = 1; nodes >= 3 {
			replicas = 3
		}
	}
	about, err := json.Marshal(description{"galleries of siam: change nothing here", version, fresh()})
	if err != nil {
		return err
	}
	_, err = s.want(ctx, http.MethodPost, "schema", map[string]any{
		"class": s.class, "description": string(about), "vectorizer": "none", "vectorIndexConfig": map[string]any{"skip": true},
		"properties":        []any{map[string]any{"name": "body", "dataType": []string{"text"}, "indexFilterable": false, "indexSearchable": false}},
		"replicationConfig": map[string]any{"factor": replicas, "asyncEnabled": replicas > 1, "deletionStrategy": "DeleteOnConflict"},
	}, http.StatusOK, http.StatusUnprocessableEntity)
	return err
}

func (c *cluster) nodes(ctx context.Context) (int, error) {
	got, err := c.want(ctx, http.MethodGet, "nodes", nil, http.StatusOK)
	if err != nil {
		return 0, err
	}
	var list struct{ Nodes []struct{} }
	err = json.Unmarshal(got.body, &list)
	return len(list.Nodes), err
}

// Close implements [gallery.Store].
func (s *store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.client.CloseIdleConnections()
	return nil
}

// GraphFolder implements [gallery.GraphKeeper].
func (s *store) GraphFolder() string { return s.graphs }

// failed says what was being done on which cluster.
func (s *store) failed(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	_, host, _ := strings.Cut(s.hosts[0], "://")
	return fmt.Errorf("%s weaviate://%s/%s: %w", doing, host, strings.TrimPrefix(s.class, "Siam_"), err)
}
