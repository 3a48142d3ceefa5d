package search

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/internal/atomicfile"
)

// A file of a graph holds keys and links, not the vectors: those are where they are kept, and no second place has to be erased. All
// numbers are little-endian:
//
//	"siam graph\n", version uint32
//	links, build, breadth uint32, seed uint64, dim uint32, distance's name
//	vectors uint32, entry uint32 (the number of a vector)
//	of each vector: key, CRC-32C of its numbers uint32, top layer uint8; of each layer: number of links uint16, links uint32
//	SHA-256 of all the above
//
// where texts have their length before them, uint16. An empty key is that of a vector that was erased.
const (
	graphMagic   = "siam graph\n"
	graphVersion = 1
)

// ErrGraphFile is what [ReadGraph] fails with when a file is damaged, of a newer version or of another search.
var ErrGraphFile = errors.New("not a graph of this search")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(v []float32) uint32 {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return crc32.Checksum(b, castagnoli)
}

// Write writes the graph, but for its vectors.
func (g *Graph) Write(to io.Writer) error {
	b, err := g.describe().encode()
	if err != nil {
		return fmt.Errorf("write search graph: %w", err)
	}
	_, err = to.Write(b)
	return err
}

// describe is what the graph's file says.
func (g *Graph) describe() *graphFile {
	g.mu.RLock()
	defer g.mu.RUnlock()
	f := &graphFile{options: g.options, dim: g.dim, distance: g.by.Name}
	number := make([]int32, len(g.levels)) // of each slot, without those that are free
	n := int32(0)
	for slot, level := range g.levels {
		if number[slot] = n; level >= 0 {
			n++
		}
	}
	if g.entry >= 0 {
		f.entry = int(number[g.entry])
	}
	for slot, level := range g.levels {
		if level < 0 {
			continue
		}
		node := graphNode{key: g.keys[slot], checksum: checksum(g.vector(int32(slot))), layers: make([]layer, level+1)}
		for l := range node.layers {
			for _, to := range g.links(int32(slot), l) {
				node.layers[l] = append(node.layers[l], number[to])
			}
		}
		f.nodes = append(f.nodes, node)
	}
	return f
}

// encode is the content of the file.
func (f *graphFile) encode() ([]byte, error) {
	e, o := binary.LittleEndian, f.options
	b := e.AppendUint32([]byte(graphMagic), graphVersion)
	for _, v := range []int{o.Links, o.Build, o.Breadth} {
		b = e.AppendUint32(b, uint32(v))
	}
	b = e.AppendUint32(e.AppendUint64(b, o.Seed), uint32(f.dim))
	b = appendText(b, f.distance)
	b = e.AppendUint32(e.AppendUint32(b, uint32(len(f.nodes))), uint32(f.entry))
	for _, node := range f.nodes {
		if len(node.key) > math.MaxUint16 {
			return nil, fmt.Errorf("key of %d bytes, want at most %d", len(node.key), math.MaxUint16)
		}
		b = append(e.AppendUint32(appendText(b, node.key), node.checksum), byte(len(node.layers)-1))
		for _, links := range node.layers {
			b = e.AppendUint16(b, uint16(len(links)))
			for _, to := range links {
				b = e.AppendUint32(b, uint32(to))
			}
		}
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...), nil
}

// EraseFromFile takes keys, and the sums of their vectors' numbers, out of a graph's file: those that keep says no to. Their links stay,
// without names, until the next [ReadGraph] closes the gaps. It fails with [ErrGraphFile], and says how many it took out.
func EraseFromFile(path string, keep func(key string) bool) (erased int, err error) {
	content, err := readRegular(path)
	if err != nil {
		return 0, err
	}
	f, err := parseGraph(content)
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %w", path, ErrGraphFile, err)
	}
	for i, node := range f.nodes {
		if node.key != "" && !keep(node.key) {
			f.nodes[i].key, f.nodes[i].checksum = "", 0
			erased++
		}
	}
	if erased == 0 {
		return 0, nil
	}
	if content, err = f.encode(); err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return erased, atomicfile.Write(path, func(w io.Writer) error { _, err := w.Write(content); return err })
}

// readRegular reads a file, but no device or pipe, which may have no end.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w: it is no file", path, ErrGraphFile)
	}
	return os.ReadFile(path)
}

// WriteFile writes the graph to a file, whole or not at all.
func (g *Graph) WriteFile(path string) error { return atomicfile.Write(path, g.Write) }

func appendText(b []byte, text string) []byte {
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(text))), text...)
}

// ReadGraph reads a graph of the vectors as they are now: those that the file lacks, or has with other numbers, are added or
// replaced, and those that are no more are removed. It says how many these were. It fails with [ErrGraphFile], and never on what
// the vectors have become since.
func ReadGraph(from io.Reader, by distance.Distance, dim int, keys []string, vectors []float32) (g *Graph, changed int, err error) {
	content, err := io.ReadAll(from)
	if err != nil {
		return nil, 0, fmt.Errorf("read search graph: %w", err)
	}
	f, err := parseGraph(content)
	if err == nil && (f.dim != dim || f.distance != by.Name) {
		err = fmt.Errorf("it is of %d numbers and distance %s, want %d and %s", f.dim, f.distance, dim, by.Name)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read search graph: %w: %w", ErrGraphFile, err)
	}
	if g, err = NewGraph(by, dim, f.options); err != nil {
		return nil, 0, err
	}
	if err := g.check(keys, vectors); err != nil {
		return nil, 0, fmt.Errorf("read search graph: %w", err)
	}
	return g, g.fill(f, keys, vectors), nil
}

// ReadGraphFile is [ReadGraph] of a file.
func ReadGraphFile(path string, by distance.Distance, dim int, keys []string, vectors []float32) (g *Graph, changed int, err error) {
	content, err := readRegular(path)
	if err != nil {
		return nil, 0, err
	}
	if g, changed, err = ReadGraph(bytes.NewReader(content), by, dim, keys, vectors); err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return g, changed, err
}

// fill makes the graph that a file describes, of the vectors as they are now.
func (g *Graph) fill(f *graphFile, keys []string, vectors []float32) (changed int) {
	at := make(map[string]int, len(keys))
	for i, key := range keys {
		at[key] = i
	}
	zero := make([]float32, g.dim)
	var gone []int32
	for _, n := range f.nodes {
		v := zero // of one that goes
		i, there := at[n.key]
		stays := there && checksum(vectors[i*g.dim:][:g.dim]) == n.checksum
		if stays {
			v = vectors[i*g.dim:][:g.dim]
			delete(at, n.key)
		}
		slot := g.slotFor(n.key, v)
		if !stays {
			gone = append(gone, slot)
		}
		g.levels[slot], g.upper[slot] = int8(len(n.layers)-1), make([]layer, len(n.layers)-1)
		for level, links := range n.layers {
			g.setLinks(slot, level, links)
		}
	}
	if len(f.nodes) > 0 {
		g.entry = int32(f.entry)
	}
	g.remove(gone)
	g.mend()
	var newKeys []string
	var newVectors []float32
	for i, key := range keys {
		if _, missing := at[key]; missing {
			newKeys, newVectors = append(newKeys, key), append(newVectors, vectors[i*g.dim:][:g.dim]...)
		}
	}
	_ = g.Add(newKeys, newVectors) // all were checked
	return len(gone) + len(newKeys)
}

// graphFile is what a file says.
type graphFile struct {
	options  GraphOptions
	dim      int
	distance string
	entry    int
	nodes    []graphNode
}

type graphNode struct {
	key      string
	checksum uint32
	layers   []layer
}

// parseGraph reads and checks a whole file: sums, sizes, and that links lead to vectors that are in their layer.
func parseGraph(content []byte) (*graphFile, error) {
	if !bytes.HasPrefix(content, []byte(graphMagic)) || len(content) < len(graphMagic)+4+sha256.Size {
		return nil, errors.New("it does not begin as one, or is cut off")
	}
	if v := binary.LittleEndian.Uint32(content[len(graphMagic):]); v != graphVersion {
		return nil, fmt.Errorf("it is of version %d, want %d: build it again", v, graphVersion)
	}
	body := content[:len(content)-sha256.Size]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], content[len(body):]) {
		return nil, errors.New("its checksum is wrong, it is damaged: build it again")
	}
	r := &graphReader{rest: body[len(graphMagic)+4:]}
	f := &graphFile{}
	f.options = GraphOptions{Links: r.int32(), Build: r.int32(), Breadth: r.int32(), Seed: r.uint64()}
	f.dim, f.distance = r.int32(), r.text()
	n := r.int32()
	f.entry = r.int32()
	o, err := f.options.withDefaults()
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i := 0; i < n && !r.short; i++ {
		node := r.node(o)
		if r.short = r.short || seen[node.key]; r.short {
			break
		}
		seen[node.key] = node.key != ""
		f.nodes = append(f.nodes, node)
	}
	if r.short || len(r.rest) > 0 || n > 0 && f.entry >= n {
		return nil, errors.New("its content does not fit together: build it again")
	}
	return f, f.check()
}

// check says whether all links lead to other vectors that are in the same layer.
func (f *graphFile) check() error {
	for i, node := range f.nodes {
		if len(node.layers) > len(f.nodes[f.entry].layers) {
			return errors.New("its searches do not begin at the top: build it again")
		}
		for level, links := range node.layers {
			for _, to := range links {
				if int(to) >= len(f.nodes) || int(to) == i || len(f.nodes[to].layers) <= level {
					return errors.New("its links lead nowhere: build it again")
				}
			}
		}
	}
	return nil
}

// graphReader takes numbers off a file's content; short is set when there are too few, or one is out of range.
type graphReader struct {
	rest  []byte
	short bool
}

func (r *graphReader) take(n int) []byte {
	if r.short = r.short || len(r.rest) < n; r.short {
		return make([]byte, n)
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *graphReader) int32() int {
	v := binary.LittleEndian.Uint32(r.take(4))
	r.short = r.short || v > math.MaxInt32
	return int(v & math.MaxInt32)
}

func (r *graphReader) uint64() uint64 { return binary.LittleEndian.Uint64(r.take(8)) }

func (r *graphReader) uint16() int { return int(binary.LittleEndian.Uint16(r.take(2))) }

func (r *graphReader) text() string { return string(r.take(r.uint16())) }

func (r *graphReader) node(o GraphOptions) graphNode {
	n := graphNode{key: r.text(), checksum: binary.LittleEndian.Uint32(r.take(4))}
	top := int(r.take(1)[0])
	r.short = r.short || top >= mostLayers
	for level := 0; level <= top && !r.short; level++ {
		most := o.Links
		if level == 0 {
			most = 2 * o.Links
		}
		links := make(layer, 0, most)
		count := r.uint16()
		r.short = r.short || count > most
		for i := 0; i < count && !r.short; i++ {
			links = append(links, int32(r.int32()))
		}
		n.layers = append(n.layers, links)
	}
	return n
}
