package mot

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/siam-go/siam/imgproc"
)

// Images are the frames of a video as files in a folder, by number.
type Images struct {
	Dir   string
	files map[int]string
	Last  int // the highest number
}

var lastDigits = regexp.MustCompile(`(\d+)\D*$`)

// imageEndings are what frames' files end in.
var imageEndings = []string{".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}

// OpenImages lists the frames in a folder, or in its img1, or where its seqinfo.ini says. A frame's number is the last one in its file's name; where two
// files have the same, or one has none, they are numbered from 1 in the order of their names.
func OpenImages(dir string) (Images, error) {
	for _, inner := range innerFolders(dir) {
		if info, err := os.Stat(inner); err == nil && info.IsDir() {
			dir = inner
			break
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return Images{}, fmt.Errorf("read frames of %s: %w", dir, reason(err))
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && slices.Contains(imageEndings, strings.ToLower(filepath.Ext(e.Name()))) {
			names = append(names, e.Name())
		}
	}
	if len(names) == 0 {
		return Images{}, fmt.Errorf("read frames of %s: it holds no images (%s)", dir, strings.Join(imageEndings, ", "))
	}
	images := Images{Dir: dir, files: map[int]string{}}
	numbered := true
	for _, name := range names {
		digits := lastDigits.FindStringSubmatch(strings.TrimSuffix(name, filepath.Ext(name)))
		if digits == nil {
			numbered = false
			break
		}
		n, err := strconv.Atoi(digits[1])
		if _, twice := images.files[n]; twice || err != nil {
			numbered = false
			break
		}
		images.files[n] = name
	}
	if !numbered {
		clear(images.files)
		for i, name := range names {
			images.files[i+1] = name
		}
	}
	for n := range images.files {
		images.Last = max(images.Last, n)
	}
	return images, nil
}

func innerFolders(dir string) (inner []string) {
	if info, err := ReadInfo(os.DirFS(dir), "seqinfo.ini"); err == nil && info.Images != "" && filepath.IsLocal(info.Images) {
		inner = append(inner, filepath.Join(dir, info.Images))
	}
	return append(inner, filepath.Join(dir, "img1"))
}

// Read decodes a frame. A frame that has no file is an error that wraps [fs.ErrNotExist].
func (m Images) Read(number int) (imgproc.Image, error) {
	name, there := m.files[number]
	if !there {
		return imgproc.Image{}, fmt.Errorf("frame %d has no image in %s: %w", number, m.Dir, fs.ErrNotExist)
	}
	picture, err := imgproc.ReadFile(filepath.Join(m.Dir, name))
	if err != nil {
		return picture, fmt.Errorf("frame %d: %w", number, err)
	}
	return picture, nil
}
