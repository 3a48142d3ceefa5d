package dataset

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/siam-go/siam/imgproc"
)

// The ends of the names of MNIST's files, such as t10k-images-idx3-ubyte.gz: images and their labels, packed or not.
const (
	idxImages = "-images-idx3-ubyte"
	idxLabels = "-labels-idx1-ubyte"
)

// The first four bytes of IDX files: bytes in three dimensions and in one.
const (
	idxMagicImages = 0x0803
	idxMagicLabels = 0x0801
)

// maxIDXBytes bounds what one file unpacks to.
const maxIDXBytes = 1 << 30

// ReadIDX reads the files in which MNIST comes (LeCun, Cortes and Burges 1998), NAME-images-idx3-ubyte with
// NAME-labels-idx1-ubyte, both packed as .gz or not, in f or in the only folder in it. Classes are named by their numbers, in one
// group. MNIST's ink is light; the set has dark ink on light paper, as scans have. Who drew an image is unknown.
func ReadIDX(ctx context.Context, f Folder) (*Set, error) {
	f, files, err := f.idx()
	if err != nil {
		return nil, err
	}
	s := &Set{Name: path.Base(f.Path)}
	for _, images := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := s.addIDX(f, images); err != nil {
			return nil, err
		}
	}
	if len(s.Items) == 0 {
		return nil, fmt.Errorf("read %s: it holds no images: want NAME%s and NAME%s", f.Path, idxImages, idxLabels)
	}
	return s, nil
}

// isIDX says whether f holds what [ReadIDX] reads.
func (f Folder) isIDX() bool {
	_, images, _ := f.idx()
	return len(images) > 0
}

// idx finds the files of images, in f or in the only folder in it.
func (f Folder) idx() (at Folder, images []string, err error) {
	entries, err := fs.ReadDir(f.FS, ".")
	if err != nil {
		return f, nil, f.failed(".", err)
	}
	if len(entries) == 1 && entries[0].IsDir() {
		return f.Sub(entries[0].Name()).idx()
	}
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(strings.TrimSuffix(name, ".gz"), idxImages) {
			images = append(images, name)
		}
	}
	return f, images, nil
}

// addIDX appends the images of one file, with the labels of the file beside it.
func (s *Set) addIDX(f Folder, name string) error {
	pixels, sides, err := f.readIDX(name, idxMagicImages)
	if err != nil {
		return err
	}
	beside := strings.Replace(name, idxImages, idxLabels, 1)
	labels, _, err := f.readIDX(beside, idxMagicLabels)
	if err != nil {
		return err
	}
	h, w := sides[1], sides[2]
	if sides[0] != len(labels) {
		return fmt.Errorf("read %s: %d images, but %d labels in %s: fetch both again", f.name(name), sides[0], len(labels), beside)
	}
	for len(labels) > 0 && len(s.Classes) <= int(slices.Max(labels)) {
		s.Classes = append(s.Classes, Class{Name: strconv.Itoa(len(s.Classes)), Group: "numbers"})
	}
	for i, label := range labels {
		image := imgproc.New(h, w, 1)
		for at, ink := range pixels[i*h*w : (i+1)*h*w] {
			image.Pix[at] = 255 - ink
		}
		s.Items = append(s.Items, Item{Image: image, Label: int(label), Source: fmt.Sprintf("%s, image %d", name, i+1)})
	}
	return nil
}

// readIDX reads one file of bytes: its content and its dimensions.
func (f Folder) readIDX(name string, magic uint32) (content []byte, dims []int, err error) {
	raw, err := f.unpacked(name)
	if err != nil {
		return nil, nil, err
	}
	ranks := int(magic & 0xff)
	if len(raw) < 4+4*ranks || binary.BigEndian.Uint32(raw) != magic {
		return nil, nil, fmt.Errorf("read %s: no IDX file of bytes in %d dimensions: fetch it again", f.name(name), ranks)
	}
	size := 1
	for i := range ranks {
		dim := int(binary.BigEndian.Uint32(raw[4+4*i:]))
		if dim == 0 || dim > maxIDXBytes/size {
			return nil, nil, fmt.Errorf("read %s: a dimension of %d: fetch it again", f.name(name), dim)
		}
		dims, size = append(dims, dim), size*dim
	}
	content = raw[4+4*ranks:]
	if len(content) != size {
		return nil, nil, fmt.Errorf("read %s: it has %d bytes after its header, which says %d: fetch it again", f.name(name), len(content), size)
	}
	return content, dims, nil
}

// unpacked is the content of a file, unpacked where its name ends in .gz.
func (f Folder) unpacked(name string) ([]byte, error) {
	raw, err := fs.ReadFile(f.FS, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read %s: it is missing: images and labels come together", f.name(name))
	}
	if err != nil {
		return nil, f.failed(name, err)
	}
	if !strings.HasSuffix(name, ".gz") {
		return raw, nil
	}
	packed, err := gzip.NewReader(bytes.NewReader(raw))
	if err == nil {
		raw, err = io.ReadAll(io.LimitReader(packed, maxIDXBytes))
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w: the file is damaged or cut short, fetch it again", f.name(name), err)
	}
	return raw, nil
}
