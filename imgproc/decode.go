package imgproc

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

const (
	// MaxPixels is the largest image that is decoded, so that a hostile file cannot exhaust memory: 64 megapixels.
	MaxPixels = 64 << 20
	// MaxFileBytes is the largest image file that is read.
	MaxFileBytes = 256 << 20
)

// format is one kind of image file. In magic, the bytes it starts with, '?' stands for any byte.
type format struct {
	name, magic string
	config      func(io.Reader) (image.Config, error)
	decode      func(io.Reader) (image.Image, error)
}

var formats = []format{
	{"PNG", "\x89PNG\r\n\x1a\n", png.DecodeConfig, png.Decode},
	{"JPEG", "\xff\xd8\xff", jpeg.DecodeConfig, jpeg.Decode},
	{"GIF", "GIF8?a", gif.DecodeConfig, gif.Decode},
	{"BMP", "BM", bmp.DecodeConfig, bmp.Decode},
	{"TIFF", "II*\x00", tiff.DecodeConfig, tiff.Decode},
	{"TIFF", "MM\x00*", tiff.DecodeConfig, tiff.Decode},
	{"WebP", "RIFF????WEBPVP8", webp.DecodeConfig, webp.Decode},
	{"PGM", "P2", pnmConfig, decodePNM},
	{"PGM", "P5", pnmConfig, decodePNM},
	{"PPM", "P3", pnmConfig, decodePNM},
	{"PPM", "P6", pnmConfig, decodePNM},
}

// IsImageName says whether a file name ends as the images that [ReadFile] knows do, in either case.
func IsImageName(name string) bool {
	dot := strings.LastIndexByte(name, '.')
	switch strings.ToLower(name[dot+1:]) {
	case "png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp", "pgm", "ppm":
		return dot >= 0
	}
	return false
}

// ReadFile reads a PNG, JPEG, GIF (its first frame), BMP, TIFF, WebP, PGM or PPM file, whichever its bytes say it is.
// A JPEG is turned upright as its EXIF orientation asks. Errors name the file and what is wrong with it.
func ReadFile(name string) (Image, error) {
	f, err := os.Open(name)
	if err != nil {
		return Image{}, readError(name, err)
	}
	defer f.Close()
	m, err := Decode(f)
	if err != nil {
		return Image{}, readError(name, err)
	}
	return m, nil
}

// ReadFS is [ReadFile] in a file system.
func ReadFS(fsys fs.FS, name string) (Image, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return Image{}, readError(name, err)
	}
	defer f.Close()
	m, err := Decode(f)
	if err != nil {
		return Image{}, readError(name, err)
	}
	return m, nil
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
	var buf bytes.Buffer
	if f, ok := r.(fs.File); ok {
		if info, err := f.Stat(); err == nil && info.Size() < MaxFileBytes {
			buf.Grow(int(info.Size()) + bytes.MinRead) // one exact buffer instead of a growing one
		}
	}
	if _, err := buf.ReadFrom(io.LimitReader(r, MaxFileBytes+1)); err != nil {
		return Image{}, err
	}
	return decodeBytes(buf.Bytes())
}

func decodeBytes(data []byte) (Image, error) {
	if len(data) == 0 {
		return Image{}, errors.New("the file is empty: fetch it again")
	}
	if len(data) > MaxFileBytes {
		return Image{}, fmt.Errorf("the file is larger than %d MiB: save a smaller image", MaxFileBytes>>20)
	}
	for _, f := range formats {
		if f.matches(data) {
			return f.read(data)
		}
	}
	return Image{}, errors.New("not an image this program reads: save it as PNG, JPEG, GIF, BMP, TIFF, WebP, PGM or PPM")
}

func (f format) matches(data []byte) bool {
	if len(data) < len(f.magic) {
		return false
	}
	for i := range len(f.magic) {
		if f.magic[i] != '?' && f.magic[i] != data[i] {
			return false
		}
	}
	return true
}

// read looks at the size in the header before any pixel is allocated. A panic of a codec on damaged data is an error too.
func (f format) read(data []byte) (m Image, err error) {
	defer func() {
		if r := recover(); r != nil {
			m, err = Image{}, f.damaged(fmt.Errorf("decoder stopped: %v", r))
		}
	}()
	config, err := f.config(bytes.NewReader(data))
	if err != nil {
		return Image{}, f.damaged(err)
	}
	if config.Width <= 0 || config.Height <= 0 {
		return Image{}, fmt.Errorf("%s of %d×%d pixels is empty", f.name, config.Width, config.Height)
	}
	if config.Width > MaxPixels/config.Height {
		return Image{}, fmt.Errorf("%s of %d×%d pixels is larger than %d megapixels: save it smaller",
			f.name, config.Width, config.Height, MaxPixels>>20)
	}
	decoded, err := f.decode(bytes.NewReader(data))
	if err != nil {
		return Image{}, f.damaged(err)
	}
	if decoded.Bounds().Empty() {
		return Image{}, fmt.Errorf("%s holds no pixels", f.name)
	}
	m = FromImage(decoded)
	if f.name == "JPEG" {
		m = m.Turned(exifTurn(data))
	}
	return m, nil
}

func (f format) damaged(err error) error {
	return fmt.Errorf("the %s is damaged or cut short (%w): fetch it again", f.name, err)
}
