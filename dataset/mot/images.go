package mot

import (
	"fmt"
	"io/fs"
	"maps"
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
	Dir         string
	First, Last int // the lowest and the highest number
	files       map[int]string
	before      int // how much less than a frame's number the one in its file's name is
}

var lastDigits = regexp.MustCompile(`(\d+)\D*$`)

// imageEndings are what frames' files end in.
var imageEndings = []string{".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}

// OpenImages lists the frames in a folder, or in its img1, or where its seqinfo.ini says. A frame's number is the last one in its file's name; where two
// files have the same, one has none, or they are far apart, as the times of frames are, they are numbered from 1 in the order of their names.
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
	images := Images{Dir: dir, First: 1, Last: len(names), files: byNumber(names)}
	if images.files == nil {
		images.files = map[int]string{}
		for i, name := range names {
			images.files[i+1] = name
		}
		return images, nil
	}
	numbers := slices.Sorted(maps.Keys(images.files))
	images.First, images.Last = numbers[0], numbers[len(numbers)-1]
	return images, nil
}

// byNumber are the names of files by the last number in each; nil where these are no numbers of frames.
func byNumber(names []string) map[int]string {
	files, last := map[int]string{}, 0
	for _, name := range names {
		digits := lastDigits.FindStringSubmatch(strings.TrimSuffix(name, filepath.Ext(name)))
		if digits == nil {
			return nil
		}
		n, err := strconv.Atoi(digits[1])
		if _, twice := files[n]; twice || err != nil {
			return nil
		}
		files[n], last = name, max(last, n)
	}
	if last > 100*len(names)+10_000 {
		return nil
	}
	return files
}

// For are the images as the rows of a sequence number them: those whose files begin at 0 begin at 1, as KITTI's and COCO's rows do here, unless
// the rows begin at 0 too.
func (m Images) For(s Sequence) Images {
	if first, _ := s.Frames(); m.First == 0 && (first > 0 || len(s.Rows) == 0) {
		m.First, m.Last, m.before = 1, m.Last+1, 1
	}
	return m
}

func innerFolders(dir string) (inner []string) {
	if info, err := ReadInfo(os.DirFS(dir), "seqinfo.ini"); err == nil && info.Images != "" && filepath.IsLocal(info.Images) {
		inner = append(inner, filepath.Join(dir, info.Images))
	}
	return append(inner, filepath.Join(dir, "img1"))
}

// Read decodes a frame. A frame that has no file is an error that wraps [fs.ErrNotExist].
func (m Images) Read(number int) (imgproc.Image, error) {
	name, there := m.files[number-m.before]
	if !there {
		return imgproc.Image{}, fmt.Errorf("frame %d has no image in %s: %w", number, m.Dir, fs.ErrNotExist)
	}
	picture, err := imgproc.ReadFile(filepath.Join(m.Dir, name))
	if err != nil {
		return picture, fmt.Errorf("frame %d: %w", number, err)
	}
	return picture, nil
}
