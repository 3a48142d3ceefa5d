package judge

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/siam-go/siam/dataset"
)

// Thinned keeps n items of each class, evenly spread in the order of their names.
func Thinned(set *dataset.Set, n int) *dataset.Set {
	classes := make([][]dataset.Item, len(set.Classes))
	for _, item := range set.Items {
		classes[item.Label] = append(classes[item.Label], item)
	}
	kept := *set
	kept.Items = nil
	for _, items := range classes {
		slices.SortStableFunc(items, func(a, b dataset.Item) int { return strings.Compare(a.Source, b.Source) })
		count := min(n, len(items))
		for i := range count {
			at := (2*i*(len(items)-1) + count - 1) / max(1, 2*(count-1)) // rounded
			kept.Items = append(kept.Items, items[at])
		}
	}
	return &kept
}

// Within says which two items of a set, by number, lie fewer than apart frames from each other, as a frame's number is the last
// one in a file's name. It is nil when apart is 0.
func Within(set *dataset.Set, apart int) (func(a, b int) bool, error) {
	if apart <= 0 {
		return nil, nil
	}
	frames := make([]int, len(set.Items))
	for i, item := range set.Items {
		var err error
		if frames[i], err = frameOf(item.Source); err != nil {
			return nil, err
		}
	}
	return func(a, b int) bool { return max(frames[a]-frames[b], frames[b]-frames[a]) < apart }, nil
}

// frameOf is the last number in the name of an image file.
func frameOf(file string) (int, error) {
	isDigit := func(r rune) bool { return r >= '0' && r <= '9' }
	other := func(r rune) bool { return !isDigit(r) }
	name := strings.TrimRightFunc(strings.TrimSuffix(path.Base(filepath.ToSlash(file)), path.Ext(file)), other)
	n, err := strconv.Atoi(name[strings.LastIndexFunc(name, other)+1:])
	if err != nil {
		return 0, fmt.Errorf("the name of %s holds no number of a frame", file)
	}
	return n, nil
}
