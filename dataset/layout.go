package dataset

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Identities is [IdentitiesOf] of images in f for those who cannot do without: it tells of one identity alone too, and says why where
// folders are laid out for something else.
func (f Folder) Identities(files []string) (names []string, err error) {
	l := layoutOf(files)
	if l.alphabets {
		return nil, fmt.Errorf("read %s: it holds folders where images should be: want IDENTITY/IMAGE, where an identity may have folders of dates; is it a folder of alphabets?",
			f.name(path.Join(l.root, l.first)))
	}
	if l.parts {
		return nil, fmt.Errorf("read %s: it holds parts of a data set, such as %s: name one of them", f.name(path.Join(l.root, ".")), l.first)
	}
	names = l.names(files)
	if l.root != "" && !slices.ContainsFunc(names, func(name string) bool { return name != "" }) {
		names = slices.Repeat([]string{norm.NFC.String(inUTF8(path.Base(l.root)))}, len(names)) // the only identity
	}
	return names, nil
}

// layout is how images lie in folders.
type layout struct {
	root      string // that all have in common, "" for none
	first     string // outermost folder inside it
	folders   bool   // of identities
	dates     bool   // outermost, and the identities inside them
	alphabets bool   // folders of folders of images
	parts     bool   // train and test
}

// partNames are those of parts of data sets.
var partNames = []string{"train", "training", "test", "testing", "val", "valid", "validation", "query", "gallery"}

// dated are names of folders that hold some images of an identity: dates, sessions, a camera's rolls.
var dated = regexp.MustCompile(`(?i)^((19|20)\d\d.*|\d{1,2}|\d\d?[-._]\d\d?[-._]\d{2,4}|\d{3}[A-Z_]{5}|` +
	`(session|visit|day|date|month|year|album|roll|event|trip|shoot|shooting|camera|cam|dcim|take|burst|batch|part|sitting|series|seq|sequence)s?([ _-].*|\d.*)?)$`)

// cameraName is what cameras begin the names of files with: it tells of nobody.
var cameraName = regexp.MustCompile(`(?i)^(_?(img|dsc[nf]?|pxl|mvi|cimg|gopr|dji|screenshot)([-_ ]?\d+)*|(19|20)\d{6})$`)

var characterName = regexp.MustCompile(`^character\d+$`)

func layoutOf(files []string) layout {
	var l layout
	for {
		first := firstFolders(l.inside(files))
		if len(first) != 1 || slices.ContainsFunc(l.inside(files), isLoose) || l.charactersIn(files) {
			l.folders = len(first) > 1
			if len(first) > 0 {
				l.first = first[0]
			}
			break
		}
		l.root = path.Join(l.root, first[0])
	}
	inside := l.inside(files)
	deep, nested := len(files) > 0, len(files) > 0
	for _, file := range inside {
		parts := strings.Split(file, "/")
		deep = deep && len(parts) >= 3
		nested = nested && len(parts) == 3 && !dated.MatchString(parts[1])
	}
	l.dates = l.folders && l.areDates(inside)
	l.parts = l.folders && deep && !slices.ContainsFunc(firstFolders(inside), func(name string) bool { return !slices.Contains(partNames, strings.ToLower(name)) })
	l.alphabets = nested && !l.parts && !l.dates
	return l
}

// areDates says whether the outermost folders are dates, and other folders are inside them. Plain numbers of one or two digits are dates
// below a date only: 2020/05.
func (l layout) areDates(inside []string) bool {
	for _, first := range firstFolders(inside) {
		if !dated.MatchString(first) || len(first) <= 2 && !dated.MatchString(path.Base(l.root)) {
			return false
		}
	}
	return slices.ContainsFunc(inside, func(file string) bool { return undated(file) != "" })
}

// undated is the outermost folder of a file that is no date, "" when all are.
func undated(file string) string {
	folders := strings.Split(path.Dir(file), "/")
	at := slices.IndexFunc(folders, func(name string) bool { return name != "." && !dated.MatchString(name) })
	if at < 0 {
		return ""
	}
	return folders[at]
}

// charactersIn says whether the only folder is an alphabet.
func (l layout) charactersIn(files []string) bool {
	for _, file := range l.inside(files) {
		parts := strings.Split(file, "/")
		if len(parts) != 3 || !characterName.MatchString(parts[1]) {
			return false
		}
	}
	return true
}

// inside are the paths below the root.
func (l layout) inside(files []string) []string {
	if l.root == "" {
		return files
	}
	inside := make([]string, len(files))
	for i, file := range files {
		inside[i] = strings.TrimPrefix(file, l.root+"/")
	}
	return inside
}

func isLoose(file string) bool { return !strings.Contains(file, "/") }

// firstFolders are the outermost folders of files, in order.
func firstFolders(files []string) (folders []string) {
	seen := map[string]bool{}
	for _, file := range files {
		if first, _, nested := strings.Cut(file, "/"); nested && !seen[first] {
			seen[first] = true
			folders = append(folders, first)
		}
	}
	return folders
}

// names are the identities of files.
func (l layout) names(files []string) []string {
	names := make([]string, len(files))
	for i, file := range l.inside(files) {
		first, _, nested := strings.Cut(file, "/")
		switch {
		case l.alphabets:
			names[i] = path.Dir(file)
		case l.dates:
			names[i] = undated(file)
		case !l.folders:
			names[i] = identityOf(file)
		case nested:
			names[i] = first
		}
		names[i] = norm.NFC.String(inUTF8(names[i]))
	}
	return names
}

// identityOf is the part of a file's name before its last underscore, "" when there is none, or a camera made it up:
// Ada_Lovelace_0001.jpg shows Ada_Lovelace.
func identityOf(file string) string {
	name := path.Base(file)
	name = name[:max(strings.LastIndexByte(name, '_'), 0)]
	if cameraName.MatchString(name) {
		return ""
	}
	return name
}

// SameButForCase are pairs of names that differ only in the case of their letters, such as Anna and anna.
func SameButForCase(names []string) (pairs [][2]string) {
	first := map[string]string{}
	for _, name := range names {
		folded := strings.ToLower(name)
		if other, known := first[folded]; !known {
			first[folded] = name
		} else if pair := [2]string{other, name}; other != name && !slices.Contains(pairs, pair) {
			pairs = append(pairs, pair)
		}
	}
	return pairs
}
