package main

import (
	"context"
	"io"
	"io/fs"
	"net/http"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/judge"
)

// What is watched here does what it always does, and its progress is shown.

// watchedModel counts the images that a model embeds.
type watchedModel struct {
	*siam.Model
	progress *progress
}

func (m watchedModel) EmbedImages(ctx context.Context, images []imgproc.Image) ([][]float32, error) {
	rows, err := m.Model.EmbedImages(ctx, images)
	m.progress.add(len(rows))
	return rows, err
}

// watchedFS counts the images that are read from a folder.
type watchedFS struct {
	fs.FS
	progress *progress
}

func (f watchedFS) Open(name string) (fs.File, error) {
	if imgproc.IsImageName(name) {
		f.progress.add(1)
	}
	return f.FS.Open(name)
}

// Stat opens nothing.
func (f watchedFS) Stat(name string) (fs.FileInfo, error) { return fs.Stat(f.FS, name) }

// watchedFolder counts the images that are read from a folder.
func watchedFolder(folder dataset.Folder, p *progress) dataset.Folder {
	folder.FS = watchedFS{folder.FS, p}
	return folder
}

// watchedBaseline counts the distances that a baseline measures.
func watchedBaseline(b judge.Baseline, p *progress) judge.Baseline {
	measure := b.Distance
	b.Distance = func(one, other judge.Thing) float32 {
		p.add(1)
		return measure(one, other)
	}
	return b
}

// watchedTransport counts the bytes that are downloaded.
type watchedTransport struct{ app *app }

func (t watchedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	if err == nil {
		p := t.app.newProgress("downloading", "bytes", int(max(response.ContentLength, 0)))
		response.Body = watchedBody{response.Body, p}
	}
	return response, err
}

type watchedBody struct {
	io.ReadCloser
	progress *progress
}

func (b watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.progress.add(n)
	return n, err
}

func (b watchedBody) Close() error {
	b.progress.close()
	return b.ReadCloser.Close()
}
