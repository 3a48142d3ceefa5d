package imgproc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/siam-go/siam/imgproc/internal/unread"
	"github.com/siam-go/siam/internal/filekind"
)

const (
	// MaxPixels is the largest image that is decoded, so that a hostile file cannot exhaust memory: 64 megapixels.
	MaxPixels = 64 << 20
	// MaxFileBytes is the largest image file that is read.
	MaxFileBytes = 256 << 20
)

// IsImageName says whether a file name ends as the images that [ReadFile] knows do, in either case.
func IsImageName(name string) bool {
	dot := strings.LastIndexByte(name, '.')
	switch strings.ToLower(name[dot+1:]) {
	case "png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp", "pgm", "ppm":
		return dot >= 0
	}
	return false
}

// ReadFile reads a PNG, JPEG, GIF, BMP, TIFF, WebP, PGM or PPM file, whichever its bytes say it is, as viewers show it: turned
// upright as its EXIF orientation asks, the first of several frames or pages, what is transparent as white paper. Errors name the
// file and what is wrong with it; a sound file of a kind that is not read is not called damaged.
func ReadFile(name string) (Image, error) {
	p, err := ReadPhoto(name, nil)
	return p.Image, err
}

// ReadPhoto is [ReadFile] as [DecodePhoto] decodes.
func ReadPhoto(name string, enough Enough) (Photo, error) {
	data, err := ReadBytes(name)
	if err != nil {
		return Photo{}, err
	}
	return named(name, data, enough)
}

// ReadFS is [ReadFile] in a file system.
func ReadFS(fsys fs.FS, name string) (Image, error) {
	data, err := ReadBytesFS(fsys, name)
	if err != nil {
		return Image{}, err
	}
	p, err := named(name, data, nil)
	return p.Image, err
}

// ReadBytes reads an image file for [DecodeBytes]. Its errors are those of [ReadFile].
func ReadBytes(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, readError(name, err)
	}
	return readPlain(name, info, func() (fs.File, error) { return os.Open(name) })
}

// ReadBytesFS is [ReadBytes] in a file system.
func ReadBytesFS(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, readError(name, err)
	}
	return readPlain(name, info, func() (fs.File, error) { return fsys.Open(name) })
}

// readPlain opens plain files only: to open a pipe would wait for whoever writes to it.
func readPlain(name string, info fs.FileInfo, open func() (fs.File, error)) ([]byte, error) {
	switch {
	case info.IsDir():
		return nil, readError(name, errors.New("it is a folder: name the images in it"))
	case !info.Mode().IsRegular():
		return nil, readError(name, errors.New("it is no file but a pipe, a socket or a device: copy the image into a file"))
	}
	f, err := open()
	if err != nil {
		return nil, readError(name, err)
	}
	defer f.Close()
	data, err := readAll(f)
	if err != nil {
		return nil, readError(name, err)
	}
	return data, nil
}

func named(name string, data []byte, enough Enough) (Photo, error) {
	p, err := DecodeBytes(data, enough)
	if err != nil {
		return p, readError(name, err)
	}
	return p, nil
}

// readError names the file once: the errors of package fs bring its name along.
func readError(name string, err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	return fmt.Errorf("read image %s: %w", name, err)
}

// Decode reads an image as [ReadFile] does. Its errors say what is wrong, for the caller to put a name before.
func Decode(r io.Reader) (Image, error) {
	p, err := DecodePhoto(r, nil)
	return p.Image, err
}

// readAll reads a file that is no larger than one may be.
func readAll(r io.Reader) ([]byte, error) {
	var buf bytes.Buffer
	if f, ok := r.(fs.File); ok {
		if info, err := f.Stat(); err == nil && info.Size() < MaxFileBytes {
			buf.Grow(int(info.Size()) + bytes.MinRead) // one exact buffer instead of a growing one
		}
	}
	_, err := buf.ReadFrom(io.LimitReader(r, MaxFileBytes+1))
	return buf.Bytes(), err
}

// formatOf finds the format of a file, or says what the file is instead of an image.
func formatOf(data []byte) (format, error) {
	if len(data) == 0 {
		return format{}, errors.New("the file is empty: fetch it again")
	}
	if len(data) > MaxFileBytes {
		return format{}, fmt.Errorf("the file is larger than %d MiB: save a smaller image", MaxFileBytes>>20)
	}
	for _, f := range formats {
		if matches(f.magic, data) {
			return f, nil
		}
	}
	for _, other := range otherFormats {
		if matches(other.magic, data) {
			return format{}, fmt.Errorf("%s is not read: convert it to PNG or JPEG", other.name)
		}
	}
	for _, other := range noImages {
		if matches(other.magic, data) {
			return format{}, fmt.Errorf("not an image but %s: fetch the image itself, or save it as PNG or JPEG", other.name)
		}
	}
	switch kind := filekind.OfHead(data); kind {
	case filekind.Unknown, filekind.Picture, filekind.Text, filekind.JSON:
	default:
		return format{}, fmt.Errorf("not an image but %s: name an image", kind)
	}
	return format{}, errors.New("not an image this program reads: save it as PNG, JPEG, GIF, BMP, TIFF, WebP, PGM or PPM")
}

// read looks at the size in the header before any pixel is allocated. A panic of a codec on damaged data is an error too.
func (f format) read(data []byte, enough Enough) (p Photo, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = Photo{}, f.failed(fmt.Errorf("decoder stopped: %v", r))
		}
	}()
	w, h, err := f.size(data)
	if err != nil {
		return Photo{}, f.failed(err)
	}
	if w <= 0 || h <= 0 {
		return Photo{}, fmt.Errorf("%s of %d×%d pixels is empty", f.name, w, h)
	}
	if w > MaxPixels/h {
		return Photo{}, fmt.Errorf("%s of %d×%d pixels is larger than %d megapixels: save it smaller", f.name, w, h, MaxPixels>>20)
	}
	if p, err = f.photo(data, enough); err != nil {
		return Photo{}, f.failed(err)
	}
	if p.Image.H == 0 || p.Image.W == 0 {
		return Photo{}, fmt.Errorf("%s holds no pixels", f.name)
	}
	return p, nil
}

// photo decodes a file, at a part of its size where that is enough.
func (f format) photo(data []byte, enough Enough) (Photo, error) {
	if f.shrunk != nil && enough != nil {
		return f.shrunk(data, enough)
	}
	m, err := f.decode(data)
	if err != nil {
		return Photo{}, err
	}
	shrink := shrinkTo(enough, m.H, m.W)
	return Photo{Image: m.pooled(shrink, shrink), Shrink: shrink}, nil
}

// failed tells a kind of file that is not read from a damaged file.
func (f format) failed(err error) error {
	if kind, sound := errors.AsType[unread.Kind](err); sound {
		return fmt.Errorf("this kind of %s (%s) is not read: convert it to an ordinary PNG or JPEG", f.name, string(kind))
	}
	return fmt.Errorf("the %s is damaged or cut short (%w): fetch it again", f.name, err)
}
