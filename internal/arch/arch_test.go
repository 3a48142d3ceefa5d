// Package arch holds the test that keeps the project's imports pointing down.
package arch

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/siam-go/siam"

// floors lists every package from the top of the house to its ground; a package imports only from lower floors.
// docs/architecture.md shows the same table.
var floors = [][]string{
	{"bench"},
	{"cmd/siam"},
	{"server", "client"},
	{"recipe"},
	{"judge"},
	{"."},
	{"pairnet"},
	{"coseg", "track", "api"},
	{"train", "gallery", "face", "person", "report"},
	{"onnx"},
	{"encoder", "eval", "detect", "boost"},
	{"modelfile"},
	{"metric", "dataset", "stats"},
	{"imgproc"},
	{"cpu"},
	{"search"},
	{"distance"},
	{"internal/kernel"},
	{"assign", "internal/parallel", "internal/batch", "internal/memory", "internal/atomicfile", "internal/filekind"},
	{"internal/realdata", "internal/onnxruntime"},
	{"internal/arch"},
}

// gomlxUsers are the only packages that may see GoMLX, so that its changes reach no further.
var gomlxUsers = map[string]bool{
	"cpu": true, "metric": true, "encoder": true, "train": true, "recipe": true, "coseg": true, "pairnet": true, "onnx": true, ".": true,
	"bench": true,
}

func TestImportsPointDown(t *testing.T) {
	floor := make(map[string]int)
	for i, names := range floors {
		for _, name := range names {
			floor[name] = i
		}
	}
	for pkg, imports := range projectImports(t, "../..") {
		from, known := floor[pkg]
		if !known && !under(pkg, floor) {
			t.Errorf("package %s is on no floor: add it to floors and to docs/architecture.md", pkg)
			continue
		}
		for imported, file := range imports {
			checkImport(t, floor, pkg, from, imported, file)
		}
	}
}

func checkImport(t *testing.T, floor map[string]int, pkg string, from int, imported, file string) {
	if strings.HasPrefix(imported, "github.com/gomlx/") && !gomlxUsers[pkg] && !under(pkg, floor) {
		t.Errorf("%s: package %s imports %s, but GoMLX stays in %v", file, pkg, imported, gomlxUsers)
	}
	name, ours := strings.CutPrefix(imported, module)
	if !ours {
		return
	}
	name = strings.TrimPrefix(name, "/")
	if name == "" {
		name = "."
	}
	if to, known := floor[name]; known && to <= from && !under(pkg, floor) {
		t.Errorf("%s: package %s (floor %d) imports %s (floor %d), which is not below it", file, pkg, from, name, to)
	}
}

// under reports whether pkg lies inside a listed package's own folder, such as cpu/internal/gen: it belongs to that package.
func under(pkg string, floor map[string]int) bool {
	for dir := path.Dir(pkg); dir != "."; dir = path.Dir(dir) {
		if _, known := floor[dir]; known {
			return true
		}
	}
	return false
}

// isModule reports whether a folder is a module of its own, which sees of this one what anybody outside does.
func isModule(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

// projectImports maps each package folder below root to what its non-test files import, and one file that does.
func projectImports(t *testing.T, root string) map[string]map[string]string {
	t.Helper()
	all := make(map[string]map[string]string)
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, file)
		rel = filepath.ToSlash(rel)
		if d.IsDir() && rel != "." && (isModule(file) || strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		pkg := path.Dir(rel)
		if all[pkg] == nil {
			all[pkg] = make(map[string]string)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			all[pkg][imported] = rel
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 5 {
		t.Fatalf("found %d packages below %s, want the whole project", len(all), root)
	}
	return all
}
