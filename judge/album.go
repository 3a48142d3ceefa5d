package judge

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
)

// Album is a folder of images, or the faces in them, with their embeddings.
type Album struct {
	Folder   dataset.Folder
	Pictures []Picture
	Known    bool // whom each picture shows
	Failed   []*dataset.FileError
	Faceless []string // files of which the view takes nothing
}

// Picture is one of an album.
type Picture struct {
	File      string // within the folder
	Name      string // as people read it
	Identity  string // whom it shows, by the path of the file; empty where that does not tell
	Image     image.Image
	Embedding []float32
}

// OpenAlbum reads images of a folder, a few at a time. The i-th of several pictures in one file is called FILE#i. Files that cannot be
// read are left out, and listed in Failed; that none can is an error.
func OpenAlbum(ctx context.Context, folder dataset.Folder, files []string, view View) (*Album, error) {
	al := &Album{Folder: folder}
	folder.Enough = view.Enough
	i := -1
	for cuts, err := range view.Cuts(ctx, files, folder.Photos(ctx, files)) {
		i++
		if failed, ok := errors.AsType[*dataset.FileError](err); ok && !folder.Strict {
			al.Failed = append(al.Failed, failed)
		} else if err != nil {
			return nil, err
		} else if len(cuts) == 0 {
			al.Faceless = append(al.Faceless, files[i])
		}
		for j, cut := range cuts {
			al.Pictures = append(al.Pictures, Picture{
				File: files[i], Name: NameOf(files[i], j, len(cuts)), Image: thumbnail(cut.Image), Embedding: cut.Embedding,
			})
		}
	}
	switch {
	case len(al.Failed) == len(files):
		return nil, al.Failed[0]
	case len(al.Pictures) == 0:
		return nil, fmt.Errorf("no face was found in the %d images of %s", len(files), folder.Path)
	}
	al.identify()
	return al, nil
}

// identify finds out whom the pictures show.
func (al *Album) identify() {
	files := make([]string, len(al.Pictures))
	for i, p := range al.Pictures {
		files[i] = p.File
	}
	identities := dataset.IdentitiesOf(files)
	al.Known = identities != nil
	for i, identity := range identities {
		al.Pictures[i].Identity = identity
	}
}

// pictureSide is the longest side of the pictures that are kept, in pixels.
const pictureSide = 128

// thumbnail is an image no larger than pictureSide.
func thumbnail(m imgproc.Image) image.Image {
	if most := max(m.H, m.W); most > pictureSide {
		m = imgproc.Resize(m, max(m.H*pictureSide/most, 1), max(m.W*pictureSide/most, 1))
	}
	return m.GoImage()
}

// OnlyIdentities keeps the files of the identities that fit a pattern, such as "s2[1-9]".
func OnlyIdentities(files, patterns []string) ([]string, error) {
	identities := dataset.IdentitiesOf(files)
	if identities == nil {
		return nil, errors.New("neither folders nor file names tell whom the images show")
	}
	var kept []string
	for i, file := range files {
		fits, err := fitsAny(identities[i], patterns)
		if err != nil {
			return nil, err
		}
		if fits {
			kept = append(kept, file)
		}
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("no identity fits %s", strings.Join(patterns, ", "))
	}
	return kept, nil
}

func fitsAny(name string, patterns []string) (bool, error) {
	for _, pattern := range patterns {
		fits, err := path.Match(pattern, name)
		if err != nil {
			return false, fmt.Errorf("pattern %q: %w", pattern, err)
		}
		if fits {
			return true, nil
		}
	}
	return false, nil
}

// Choose keeps at most n pictures, chosen at random, in their order.
func (al *Album) Choose(n int, seed uint64) {
	if len(al.Pictures) <= n {
		return
	}
	rows := rand.New(rand.NewPCG(seed, 0)).Perm(len(al.Pictures))[:n]
	slices.Sort(rows)
	chosen := make([]Picture, n)
	for i, row := range rows {
		chosen[i] = al.Pictures[row]
	}
	al.Pictures = chosen
}

func (al *Album) embeddings() [][]float32 {
	rows := make([][]float32, len(al.Pictures))
	for i, p := range al.Pictures {
		rows[i] = p.Embedding
	}
	return rows
}

// labels numbers the identities from 0, in order of first appearance, and lists their names.
func (al *Album) labels() (labels []int, names []string) {
	number := map[string]int{}
	for _, p := range al.Pictures {
		label, known := number[p.Identity]
		if !known {
			label = len(names)
			number[p.Identity], names = label, append(names, p.Identity)
		}
		labels = append(labels, label)
	}
	return labels, names
}

// copies lists the pictures that show the same as one before them, of the same identity where these are known, with their places.
func (al *Album) copies() ([]Copy, map[int]bool) {
	set := &dataset.Set{Name: al.Folder.Path}
	labels := make([]int, len(al.Pictures))
	if al.Known {
		labels, _ = al.labels()
	}
	for i, p := range al.Pictures {
		set.Items = append(set.Items, dataset.Item{Image: imgproc.FromImage(p.Image), Label: labels[i], Source: p.Name})
	}
	copies := []Copy{}
	places := map[int]bool{}
	for _, d := range dataset.Copies(set) {
		copies = append(copies, Copy{al.Pictures[d.B].Name, al.Pictures[d.A].Name})
		places[d.B] = true
	}
	return copies, places
}
