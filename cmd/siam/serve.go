package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/server"
	"github.com/spf13/cobra"
)

// serveFlags are those of siam serve.
type serveFlags struct {
	galleryFlags
	addr, keys, models string
	certificate, key   string // of TLS, files
	selfSigned         bool
	limits             server.Options
	maxMegabytes       int64
	maxMegapixels      int
}

func (a *app) serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve --db URL",
		Short: "galleries and models over HTTP",
		Long: `Answers HTTP requests about the galleries of a store: compare, embed, enroll, identify, verify, review. /openapi.json describes
them. It listens on this machine only unless --addr says otherwise, and wants a key with every request: siam serve key add makes one.
Ctrl-C lets it finish what it has begun to answer.`,
		Example: `  siam serve key add gate --role identify --gallery main
  siam serve --db sqlite:g.db
  curl -H "Authorization: Bearer $KEY" -F image=@probe.jpg http://127.0.0.1:8080/v1/galleries/main/identify`,
		Args:        wants(),
		Annotations: map[string]string{runsItself: "yes"},
		RunE:        func(cmd *cobra.Command, _ []string) error { return a.serve(cmd.Context(), f) },
	}
	f.addStore(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.addr, "addr", "127.0.0.1:8080", "address and `port` to listen on; 0.0.0.0:8080 listens to other machines")
	flags.StringVar(&f.models, "models", "", "`folder` of model files to serve besides those of the galleries, where trainings and pages of siam track may lie too")
	flags.StringVar(&f.certificate, "tls-cert", "", "`file` of the certificate of TLS, PEM")
	flags.StringVar(&f.key, "tls-key", "", "`file` of its key, PEM")
	flags.BoolVar(&f.selfSigned, "tls-self-signed", false, "speak TLS with a certificate made now, of which browsers warn")
	flags.Int64Var(&f.maxMegabytes, "max-mb", 16, "largest request, megabytes")
	flags.IntVar(&f.maxMegapixels, "max-megapixels", 32, "largest image, as it is held while it is decoded")
	flags.IntVar(&f.limits.Queue, "queue", 64, "requests at work or waiting; more are answered 503")
	flags.DurationVar(&f.limits.Timeout, "timeout", 30*time.Second, "longest time to answer a request")
	flags.Float64Var(&f.limits.Rate, "rate", 100, "requests of one key a second")
	flags.IntVar(&f.limits.Burst, "rate-burst", 200, "requests of one key at once")
	cmd.PersistentFlags().StringVar(&f.keys, "keys", cmp.Or(os.Getenv("SIAM_KEYS"), "siam-keys.json"), "`file` of keys; $SIAM_KEYS when not given")
	cmd.AddCommand(a.serveKeyCommand(&f.keys), a.serveHealthCommand())
	return cmd
}

func (f *serveFlags) check() error {
	switch {
	case (f.certificate == "") != (f.key == ""):
		return usagef("serve: give --tls-cert and --tls-key together")
	case f.certificate != "" && f.selfSigned:
		return usagef("serve: give either --tls-cert and --tls-key or --tls-self-signed")
	case f.maxMegabytes < 1 || f.maxMegapixels < 1 || f.limits.Queue < 1 || f.limits.Timeout <= 0 || f.limits.Rate <= 0 || f.limits.Burst < 1:
		return usagef("serve: limits must be above 0")
	}
	f.limits.MaxBytes, f.limits.MaxPixels = f.maxMegabytes<<20, f.maxMegapixels<<20
	return nil
}

func (a *app) serve(ctx context.Context, f serveFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	keys, err := server.OpenKeys(f.keys)
	if err != nil {
		return err
	}
	if list, err := keys.List(); err != nil {
		return err
	} else if !slices.ContainsFunc(list, func(k server.Key) bool { return k.Revoked == nil }) {
		return fmt.Errorf("no key in %s, so that nobody could ask: make one with siam serve key add NAME --role admin", f.keys)
	}
	certificate, err := f.tls()
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // nearly all that is held stays, and is numbers, which take no time to go through
	}
	return f.withStore(ctx, func(store gallery.Store) error {
		models, masks, closeModels, err := a.servedModels(ctx, store, f.models)
		if err != nil {
			return err
		}
		defer closeModels()
		o := f.limits
		o.Masks = masks
		o.Store, o.Models, o.Keys, o.Version = store, models, keys, thisBuild().Version
		o.Folder, o.Secure = f.models, certificate != nil
		o.Log = slog.New(slog.NewTextHandler(a.stderr, nil))
		s, err := server.New(o)
		if err != nil {
			return err
		}
		if err := s.Prepare(ctx); err != nil {
			return err
		}
		at, err := net.Listen("tcp", f.addr)
		if err != nil {
			return fmt.Errorf("cannot listen on %s: %w", f.addr, err)
		}
		scheme := "http"
		if certificate != nil {
			scheme = "https"
		}
		a.say("serving %s at %s://%s", count(len(models), "model"), scheme, at.Addr())
		return s.Serve(ctx, at, certificate)
	})
}

// tls is the certificate to speak TLS with, nil for plain HTTP.
func (f *serveFlags) tls() (*tls.Certificate, error) {
	if f.selfSigned {
		host, _, err := net.SplitHostPort(f.addr)
		if err != nil {
			return nil, usagef("serve: --addr %s: want HOST:PORT", f.addr)
		}
		name, _ := os.Hostname()
		return server.SelfSigned(host, name)
	}
	if f.certificate == "" {
		return nil, nil
	}
	certificate, err := tls.LoadX509KeyPair(f.certificate, f.key)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert %s --tls-key %s: %w", f.certificate, f.key, err)
	}
	return &certificate, nil
}

// servedModels are the models of a store's galleries, from where these found them last, and those in a folder.
func (a *app) servedModels(ctx context.Context, store gallery.Store, folder string) (models []server.Model, masks []server.Masks, closeAll func(), err error) {
	files, err := modelFiles(ctx, store, folder)
	if err != nil {
		return nil, nil, nil, err
	}
	backend, err := a.newBackend()
	if err != nil {
		return nil, nil, nil, err
	}
	closeAll = func() {
		for _, m := range models {
			m.Close()
		}
		for _, m := range masks {
			m.Close()
		}
		backend.Finalize()
	}
	open := func(file *modelfile.File) (*coseg.Model, error) { return coseg.New(backend, file) }
	known := map[string]bool{}
	for _, file := range files {
		if mask, is, err := a.servedMask(file, open); err != nil {
			closeAll()
			return nil, nil, nil, modelError(file.path, err)
		} else if is {
			if mask.Model != nil {
				masks = append(masks, mask)
			}
			continue
		}
		model, err := siam.Open(file.path, siam.WithBackend(backend))
		if errors.Is(err, fs.ErrNotExist) && file.of != "" {
			a.say("gallery %q cannot be served: its model is not at %s; give its folder with --models", file.of, file.path)
			continue
		}
		if err != nil {
			closeAll()
			return nil, nil, nil, modelError(file.path, err)
		}
		if known[model.File().Hash] {
			model.Close()
			continue
		}
		known[model.File().Hash] = true
		models = append(models, server.Model{Model: model, Name: filepath.Base(file.path)})
	}
	if len(models) == 0 {
		closeAll()
		return nil, nil, nil, errors.New("there is no model to serve: make a gallery with siam gallery create, or name a folder of models with --models")
	}
	return models, masks, closeAll, nil
}

// servedMask opens a model of co-segmentation; is says that a file of the folder is no encoder of embeddings, and has nothing to do with galleries.
func (a *app) servedMask(file modelFile, open func(*modelfile.File) (*coseg.Model, error)) (mask server.Masks, is bool, err error) {
	if file.of != "" {
		return mask, false, nil
	}
	read, err := modelfile.Read(file.path)
	if err != nil || read.Kind == modelfile.Encoder {
		return mask, false, nil // opening it says what is wrong
	}
	if read.Kind != coseg.Kind {
		a.say("%s is left out: a model of kind %q is not served", file.path, read.Kind)
		return mask, true, nil
	}
	mask = server.Masks{Name: filepath.Base(file.path)}
	mask.Model, err = open(read)
	return mask, true, err
}

// modelFile is a model file, and the gallery that it is for where that named it.
type modelFile struct{ path, of string }

// modelFiles are those in a folder and those of a store's galleries.
func modelFiles(ctx context.Context, store gallery.Store, folder string) (files []modelFile, err error) {
	if folder != "" {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, fmt.Errorf("--models: %w", err)
		}
		for _, e := range entries {
			if !e.IsDir() && strings.HasSuffix(e.Name(), ".safetensors") {
				files = append(files, modelFile{path: filepath.Join(folder, e.Name())})
			}
		}
	}
	all, err := store.Galleries(ctx)
	for _, s := range all {
		if s.ModelFile != "" && !slices.ContainsFunc(files, func(f modelFile) bool { return f.path == s.ModelFile }) {
			files = append(files, modelFile{s.ModelFile, s.Name})
		}
	}
	return files, err
}
