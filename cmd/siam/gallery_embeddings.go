package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/internal/filekind"
)

// given is an embedding that came in place of an image.
type given struct {
	name      string // of the image
	id        string // whom it shows, where that is said
	embedding []float32
}

// readEmbeddings reads embeddings in place of images: what siam embed writes as JSON, or JSON lines {"name": ..., "embedding": [...]},
// which may have an "id".
func readEmbeddings(file string, s gallery.Settings) ([]given, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if kind := filekind.OfHead(content); kind != filekind.JSON && kind != filekind.Unknown {
		return nil, fmt.Errorf("%s: it is %s: want what siam embed wrote, or JSON lines", file, kind)
	}
	var all []given
	decoder := json.NewDecoder(bytes.NewReader(content))
	for n := 1; ; n++ {
		var value struct {
			embedded
			Name      string    `json:"name"`
			ID        string    `json:"id"`
			Embedding []float32 `json:"embedding"`
		}
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: value %d is not JSON as siam embed writes it: %w", file, n, err)
		}
		if !s.Holds(value.Model) {
			return nil, fmt.Errorf("%s: value %d is of model %.12q, and gallery %q holds embeddings of model %.12s: %w; embed with that model", file, n, value.Model, s.Name, s.Model, gallery.ErrOtherModel)
		}
		if len(value.Files) != len(value.Embeddings) {
			return nil, fmt.Errorf("%s: value %d has %d names for %d embeddings", file, n, len(value.Files), len(value.Embeddings))
		}
		if value.Embedding != nil {
			all = append(all, given{value.Name, value.ID, value.Embedding})
		}
		for i, e := range value.Embeddings {
			all = append(all, given{value.Files[i], value.ID, e})
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: it holds no embeddings", file)
	}
	return all, nil
}

// readProbes reads embeddings to be judged.
func readProbes(file string, s gallery.Settings) ([]gallery.Photograph, error) {
	all, err := readEmbeddings(file, s)
	if err != nil {
		return nil, fmt.Errorf("--embeddings %w", err)
	}
	photos := make([]gallery.Photograph, len(all))
	for i, g := range all {
		photos[i] = gallery.Photograph{Name: g.name, Faces: []gallery.Face{{Embedding: g.embedding, Main: true}}}
	}
	return photos, nil
}

// oneOfSeveral is how siam embed names one of several faces of a photograph, of whom the name of the file tells nothing.
var oneOfSeveral = regexp.MustCompile(`#\d+$`)

// readEnrolments reads embeddings to be enrolled, all under one id, or under those that they name or that the names of their images
// tell, by the one rule for folders. Names that tell nobody are left out and mentioned.
func (a *app) readEnrolments(file, id string, s gallery.Settings) ([]gallery.Enrolment, error) {
	all, err := readEmbeddings(file, s)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(all))
	for i, g := range all {
		names[i] = strings.TrimLeft(filepath.ToSlash(g.name), "/")
	}
	told, err := dataset.Folder{}.Identities(inside(names))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var images []gallery.Enrolment
	var untold []dataset.Skipped
	for i, g := range all {
		if oneOfSeveral.MatchString(g.name) {
			told[i] = ""
		}
		who, err := gallery.CleanID(cmp.Or(id, g.id, told[i]))
		if err != nil {
			untold = append(untold, dataset.Skipped{File: g.name, Why: "of nobody that is told"})
			continue
		}
		images = append(images, gallery.Enrolment{ID: who, Name: g.name, Hash: hashOf(g.embedding), Face: gallery.Face{Embedding: g.embedding}})
	}
	if len(images) == 0 {
		return nil, fmt.Errorf("%s: nothing in it tells whom the embeddings show: want a folder for each id in the names of their images, or an \"id\" beside each", file)
	}
	a.skip(untold)
	return images, nil
}

// inside are names from the folder on that all images lie in.
func inside(names []string) []string {
	root := path.Dir(names[0])
	for _, name := range names {
		for root != "." && !strings.HasPrefix(name, root+"/") {
			root = path.Dir(root)
		}
	}
	shorter := make([]string, len(names))
	for i, name := range names {
		shorter[i] = strings.TrimPrefix(name, root+"/")
	}
	return shorter
}

// hashOf stands for the hash of an image file where there is an embedding in its place, so that it is enrolled once only.
func hashOf(embedding []float32) string {
	sum := sha256.New()
	_ = binary.Write(sum, binary.LittleEndian, embedding) // into a hash, never fails
	return hex.EncodeToString(sum.Sum(nil))
}
