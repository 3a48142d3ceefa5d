// Package server puts galleries and models behind HTTP: an API that an OpenAPI 3.1 document describes, whose answers have the
// shapes of package api, and a page for people who use it.
//
// Requests of all clients go through the models' own queues, which join them into batches.
package server

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"github.com/siam-go/siam/gallery"
)

// Options say what a server serves, and what it bears. Zero limits mean those in the comments.
type Options struct {
	Store   gallery.Store
	Models  []Model
	Masks   []Masks // models of co-segmentation
	Keys    *Keys
	Log     *slog.Logger // nil means none
	Version string       // of the program, for the OpenAPI document
	Folder  string       // of models, in which trainings leave their progress and siam track its pages; may be empty
	Secure  bool         // it is reached by TLS: the page's cookie is sent by that only

	MaxBytes  int64         // of a request's body: 16 MiB
	MaxPixels int           // of an image, as it is held while it is decoded: 32 Mi
	MaxImages int           // of a request: 32
	Queue     int           // requests at work or waiting; more are answered 503: 64
	Timeout   time.Duration // of a request: 30 s
	Rate      float64       // requests of a key a second: 100
	Burst     int           // of a key at once: 200
}

func (o *Options) defaults() error {
	if o.Store == nil || o.Keys == nil {
		return errors.New("serve: want a store of galleries and a file of keys")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.MaxBytes, o.MaxPixels, o.MaxImages = cmp.Or(o.MaxBytes, 16<<20), cmp.Or(o.MaxPixels, 32<<20), cmp.Or(o.MaxImages, 32)
	o.Queue, o.Timeout = cmp.Or(o.Queue, 64), cmp.Or(o.Timeout, 30*time.Second)
	o.Rate, o.Burst = cmp.Or(o.Rate, 100), cmp.Or(o.Burst, 200)
	return nil
}

// Server answers requests about the galleries of one store.
type Server struct {
	Options
	handler  http.Handler
	api      huma.API
	metrics  *metrics
	eyes     map[string]*eye     // by hash
	bodies   *semaphore.Weighted // bytes of requests that are being read or answered
	slots    chan struct{}       // as many as requests may be at work or wait
	decoding chan struct{}       // as many as images are decoded at a time
	held     *semaphore.Weighted // pixels of images that are decoded
	stopping atomic.Bool
	stop     chan struct{} // closed when it stops

	verdicts  verdicts
	listeners chan struct{} // as many as may listen

	mu        sync.Mutex
	limits    map[string]*rate.Limiter // by key
	galleries map[opened]*gallery.Gallery
}

// opened names a gallery that is opened for a model.
type opened struct{ name, model string }

// New makes a server.
func New(o Options) (*Server, error) {
	if err := o.defaults(); err != nil {
		return nil, err
	}
	s := &Server{
		Options: o, metrics: newMetrics(), eyes: map[string]*eye{},
		bodies: semaphore.NewWeighted(max(256<<20, 2*o.MaxBytes)), slots: make(chan struct{}, o.Queue),
		decoding: make(chan struct{}, runtime.GOMAXPROCS(0)), held: semaphore.NewWeighted(heldImages * int64(o.MaxPixels)),
		limits: map[string]*rate.Limiter{}, galleries: map[opened]*gallery.Gallery{},
		stop: make(chan struct{}), verdicts: verdicts{news: make(chan struct{})}, listeners: make(chan struct{}, 1000),
	}
	for _, m := range o.Models {
		s.eyes[m.File().Hash] = &eye{Model: m}
	}
	mux := http.NewServeMux()
	config := huma.DefaultConfig("siam", o.Version)
	config.Transformers = []huma.Transformer{inOneLine}
	config.CreateHooks, config.DocsPath, config.SchemasPath = nil, "", "" // answers are the commands' shapes, and nothing comes from elsewhere
	config.Info.Description = "Galleries and models of siam: compare, embed, enroll, identify, verify, review."
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"key": {Type: "http", Scheme: "bearer", Description: "a key that siam serve key add made"}}
	s.api = humago.New(mux, config)
	s.routes()
	s.pageRoutes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { notThere(w, r, mux).write(w) })
	listen := get("listen", "/v1/galleries/{gallery}/verdicts", "verdicts as they are given, as server-sent events")
	listen.Parameters = []*huma.Param{{Name: "Last-Event-ID", In: "header", Description: "the number of the last event that was heard", Schema: &huma.Schema{Type: huma.TypeString}}}
	s.plain(mux, listen, "text/event-stream", s.listen)
	s.plain(mux, get("player", "/v1/tracks/{name}", "the page of a tracked video"), "text/html", s.player)
	s.plain(mux, get("metrics", "/metrics", "numbers for Prometheus"), "text/plain", s.answerMetrics(promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{})))
	s.handler = s.shell(mux)
	return s, nil
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// open is a gallery with the model that sees for it, as a key asks it.
func (s *Server) open(ctx context.Context, name string) (*sight, error) {
	settings, err := gallery.FindGallery(ctx, s.Store, name)
	if err != nil {
		if errors.Is(err, gallery.ErrNotFound) { // without the names of other galleries
			return nil, refuse(http.StatusNotFound, "there is no gallery %q", name)
		}
		return nil, err
	}
	e := s.eyes[settings.Model]
	if e == nil {
		return nil, refuse(http.StatusConflict, "gallery %q is of model %.12s, which this server does not hold: start it with that model", name, settings.Model)
	}
	g, err := s.handle(ctx, e, settings)
	if err != nil {
		return nil, err
	}
	return &sight{Gallery: g.By(askerOf(ctx)), eye: e, settings: settings}, nil
}

// handle is the gallery that all requests share, with what it searches.
func (s *Server) handle(ctx context.Context, e *eye, settings gallery.Settings) (*gallery.Gallery, error) {
	at := opened{settings.Name, settings.Model}
	s.mu.Lock()
	known := s.galleries[at]
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	g, err := gallery.Open(ctx, s.Store, settings.Name, e.ForGallery()) // outside the lock: a store may keep it waiting
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known = s.galleries[at]; known == nil {
		known, s.galleries[at] = g, g
	}
	return known, nil
}

// Prepare reads what is to be searched in all galleries whose models the server holds, so that the first answer need not wait for it.
func (s *Server) Prepare(ctx context.Context) error {
	all, err := s.Store.Galleries(ctx)
	if err != nil {
		return err
	}
	for _, settings := range all {
		if e := s.eyes[settings.Model]; e != nil {
			g, err := s.handle(ctx, e, settings)
			if err != nil {
				return err
			}
			if err := g.Prepare(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}
