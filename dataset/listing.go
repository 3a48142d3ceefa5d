package dataset

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/siam-go/siam/imgproc"
)

// Listing is what of a folder counts as images, and what does not.
type Listing struct {
	Images  []string // paths, sorted
	Skipped []Skipped
}

// Skipped is a file or folder that is not used.
type Skipped struct {
	File string `json:"file"`
	Why  string `json:"why"`
}

// Why entries of folders are skipped, besides kinds of images that are not read.
const (
	whyHidden  = "hidden"
	whyThumbs  = "a folder of thumbnails or of the system"
	whyEmpty   = "an empty folder"
	whyNoImage = "not an image"
	whyNoFile  = "no file but a pipe, a socket or a device"
	whyPartial = "a download that did not end: fetch it again"
	whyRaw     = "a camera's raw picture is not read: convert it to PNG or JPEG"
	whyNowhere = "a link that leads nowhere"
	whyTwice   = "a link to what is read already"
	whyPacked  = "a link inside an archive: unpack it first"
	whyUntold  = "neither its folder nor its name tells whom it shows"
)

// List lists the images in f and in all folders inside it, by the one rule that holds everywhere: a file is an image by its first bytes,
// or by the end of its name where that is an image's, so that a damaged picture is missed and not passed over. Hidden entries and folders of
// thumbnails are skipped. Links are followed, but nothing is read twice.
func (f Folder) List() (Listing, error) {
	w := walk{folder: f, found: Listing{Skipped: slices.Clone(f.links)}}
	if err := w.enter("."); err != nil {
		return w.found, err
	}
	for len(w.links) > 0 {
		link := w.links[0]
		w.links = w.links[1:]
		w.follow(link)
	}
	slices.Sort(w.found.Images)
	slices.SortStableFunc(w.found.Skipped, func(a, b Skipped) int { return strings.Compare(a.File, b.File) })
	return w.found, nil
}

// Images are those of [Folder.List]; that there are none is an error.
func (f Folder) Images() ([]string, error) {
	found, err := f.List()
	if err == nil {
		err = found.Check(f)
	}
	return found.Images, err
}

// Check says why there is nothing to read.
func (l Listing) Check(f Folder) error {
	if len(l.Images) > 0 {
		return nil
	}
	if len(l.Skipped) == 0 {
		return fmt.Errorf("read %s: it holds no images", f.Path)
	}
	return fmt.Errorf("read %s: it holds no images: skipped %s", f.Path, SkippedNamed(l.Skipped))
}

// walk is the state of a listing.
type walk struct {
	folder  Folder
	found   Listing
	links   []string                // to be followed when all else is listed
	folders map[int64][]fs.FileInfo // entered, by when they changed
	images  map[int64][]fs.FileInfo // taken, the same way; nil until a link to a file is met
	linked  bool
}

// enter lists a folder. Only the outermost one has to be readable.
func (w *walk) enter(dir string) error {
	if info, err := fs.Stat(w.folder.FS, dir); err == nil {
		if w.linked && isAmong(w.folders, info) {
			w.skip(dir, whyTwice)
			return nil
		}
		w.folders = with(w.folders, info)
	}
	entries, err := fs.ReadDir(w.folder.FS, dir)
	switch {
	case err != nil && dir == ".":
		return w.folder.failed(dir, err)
	case err != nil:
		w.skip(dir, "it cannot be opened: "+cause(err).Error())
	case len(entries) == 0 && dir != ".":
		w.skip(dir, whyEmpty)
	}
	for _, e := range entries {
		file := path.Join(dir, e.Name())
		if why := w.folder.whyNot(dir, e); why != "" {
			w.skip(file, why)
		} else if e.Type()&fs.ModeSymlink != 0 {
			w.links = append(w.links, file)
		} else if !e.IsDir() {
			w.found.Images = append(w.found.Images, file)
		} else if err := w.enter(file); err != nil {
			return err
		}
	}
	return nil
}

// follow lists what a link leads to.
func (w *walk) follow(link string) {
	w.linked = true
	info, err := fs.Stat(w.folder.FS, link)
	switch {
	case err != nil:
		w.skip(link, whyNowhere)
	case info.IsDir() && slices.ContainsFunc(w.folder.around, func(outer fs.FileInfo) bool { return os.SameFile(outer, info) }):
		w.skip(link, whyTwice)
	case info.IsDir():
		w.enter(link)
	case w.takes(info):
		w.found.Images = append(w.found.Images, link)
	default:
		w.skip(link, whyTwice)
	}
}

// takes says whether a file that a link leads to is not taken yet, and takes it.
func (w *walk) takes(info fs.FileInfo) bool {
	if w.images == nil {
		for _, file := range w.found.Images {
			if taken, err := fs.Stat(w.folder.FS, file); err == nil {
				w.images = with(w.images, taken)
			}
		}
	}
	if isAmong(w.images, info) {
		return false
	}
	w.images = with(w.images, info)
	return true
}

func (w *walk) skip(file, why string) { w.found.Skipped = append(w.found.Skipped, Skipped{file, why}) }

// with adds a file to those known.
func with(known map[int64][]fs.FileInfo, info fs.FileInfo) map[int64][]fs.FileInfo {
	if known == nil {
		known = map[int64][]fs.FileInfo{}
	}
	changed := info.ModTime().UnixNano()
	known[changed] = append(known[changed], info)
	return known
}

// isAmong says whether a file is among those known.
func isAmong(known map[int64][]fs.FileInfo, info fs.FileInfo) bool {
	return slices.ContainsFunc(known[info.ModTime().UnixNano()], func(other fs.FileInfo) bool { return os.SameFile(other, info) })
}

// list names the folders and the images directly in dir, sorted; what else is there is left out.
func (f Folder) list(dir string) (folders, images []string, err error) {
	entries, err := fs.ReadDir(f.FS, dir)
	if err != nil {
		return nil, nil, f.failed(dir, err)
	}
	for _, e := range entries {
		switch {
		case f.whyNot(dir, e) != "":
		case f.isFolder(dir, e):
			folders = append(folders, e.Name())
		default:
			images = append(images, e.Name())
		}
	}
	return folders, images, nil
}

// isFolder follows links, as people keep large data sets behind them.
func (f Folder) isFolder(dir string, e fs.DirEntry) bool {
	return e.IsDir() || e.Type()&fs.ModeSymlink != 0 && f.has(path.Join(dir, e.Name()))
}

// whyNot says why an entry of dir is neither an image nor a folder to look into, "" where it is one.
func (f Folder) whyNot(dir string, e fs.DirEntry) string {
	name := e.Name()
	switch {
	case strings.HasPrefix(name, "."):
		return whyHidden
	case slices.Contains(partialEnds, strings.ToLower(path.Ext(name))):
		return whyPartial
	case f.isFolder(dir, e):
		if slices.Contains(systemFolders, strings.ToLower(name)) {
			return whyThumbs
		}
		return ""
	case e.Type()&^fs.ModeSymlink != 0:
		return whyNoFile
	}
	return f.whyNoImage(path.Join(dir, name))
}

// systemFolders are made by file servers, systems and unpackers beside people's pictures.
var systemFolders = []string{"@eadir", "__macosx", "@__thumb", "@recycle", "#recycle", "#snapshot", "$recycle.bin", "system volume information",
	"lost+found", "thumbs", "thumbnails", "_thumbs", "_thumbnails"}

// rawEnds are the ends of cameras' raw pictures, which are TIFF by their first bytes, but not to be shown as such.
var rawEnds = []string{".cr2", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".dng", ".pef", ".srw", ".3fr", ".iiq", ".kdc", ".dcr", ".erf", ".mef",
	".mos", ".fff", ".gpr", ".rwl", ".crw", ".mrw", ".x3f"}

// partialEnds are the ends that browsers and others put to what they are still downloading. What is there may look like a picture.
var partialEnds = []string{".crdownload", ".part", ".partial", ".download", ".opdownload", ".filepart", ".aria2"}

// whyNoImage looks into a file whose name does not end as an image's does.
func (f Folder) whyNoImage(file string) string {
	switch {
	case imgproc.IsImageName(file):
		return ""
	case slices.Contains(rawEnds, strings.ToLower(path.Ext(file))):
		return whyRaw
	}
	info, err := fs.Stat(f.FS, file)
	switch {
	case err != nil:
		return whyNowhere
	case !info.Mode().IsRegular():
		return whyNoFile
	}
	opened, err := f.FS.Open(file)
	if err != nil {
		return "it cannot be opened: " + cause(err).Error()
	}
	defer opened.Close()
	head := make([]byte, imgproc.HeadBytes)
	n, _ := io.ReadFull(opened, head) // a short file is no image
	is, other := imgproc.Recognise(head[:n])
	switch {
	case is:
		return ""
	case other != "":
		return other + " is not read: convert it to PNG or JPEG"
	}
	return whyNoImage
}

// cause is what went wrong, without the name of the file.
func cause(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}

// mostSkippedNamed is how many entries a line names of each reason.
const mostSkippedNamed = 3

// SkippedNamed counts skipped entries by reason in a line, and names a few.
func SkippedNamed(skipped []Skipped) string {
	var reasons []string
	by := map[string][]string{}
	for _, s := range skipped {
		if by[s.Why] == nil {
			reasons = append(reasons, s.Why)
		}
		by[s.Why] = append(by[s.Why], s.File)
	}
	var parts []string
	for _, why := range reasons {
		files := by[why]
		names := strings.Join(files[:min(len(files), mostSkippedNamed)], ", ")
		if len(files) > mostSkippedNamed {
			names += ", …"
		}
		parts = append(parts, fmt.Sprintf("%d %s (%s)", len(files), why, names))
	}
	return strings.Join(parts, "; ")
}
