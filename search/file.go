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
// where texts have their length before them, uint16.
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
	g.mu.RLock()
	defer g.mu.RUnlock()
	e := binary.LittleEndian
	b := e.AppendUint32([]byte(graphMagic), graphVersion)
	o := g.options
	for _, v := range []int{o.Links, o.Build, o.Breadth} {
		b = e.AppendUint32(b, uint32(v))
	}
	b = e.AppendUint32(e.AppendUint64(b, o.Seed), uint32(g.dim))
	b = appendText(b, g.by.Name)
	number := make([]uint32, len(g.levels)) // of each slot, without those that are free
	n := uint32(0)
	for slot, level := range g.levels {
		if number[slot] = n; level >= 0 {
			n++
		}
	}
	b = e.AppendUint32(b, n)
	entry := uint32(0)
	if g.entry >= 0 {
		entry = number[g.entry]
	}
	b = e.AppendUint32(b, entry)
	for slot, level := range g.levels {
		if level < 0 {
			continue
		}
		if len(g.keys[slot]) > math.MaxUint16 {
			return fmt.Errorf("write search graph: key of %d bytes, want at most %d", len(g.keys[slot]), math.MaxUint16)
		}
		b = append(e.AppendUint32(appendText(b, g.keys[slot]), checksum(g.vector(int32(slot)))), byte(level))
		for l := range int(level) + 1 {
			links := g.links(int32(slot), l)
			b = e.AppendUint16(b, uint16(len(links)))
			for _, to := range links {
				b = e.AppendUint32(b, number[to])
			}
		}
	}
	sum := sha256.Sum256(b)
	_, err := to.Write(append(b, sum[:]...))
	return err
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
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer file.Close()
	if g, changed, err = ReadGraph(file, by, dim, keys, vectors); err != nil {
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
	var gone []string
	for _, n := range f.nodes {
		v := zero // of one that goes
		if i, there := at[n.key]; there && checksum(vectors[i*g.dim:][:g.dim]) == n.checksum {
			v = vectors[i*g.dim:][:g.dim]
			delete(at, n.key)
		} else {
			gone = append(gone, n.key)
		}
		slot := g.slotFor(n.key, v)
		g.levels[slot], g.upper[slot] = int8(len(n.layers)-1), make([]layer, len(n.layers)-1)
		for level, links := range n.layers {
			g.setLinks(slot, level, links)
		}
	}
	if len(f.nodes) > 0 {
		g.entry = int32(f.entry)
	}
	g.Remove(gone...)
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
		if r.short = r.short || node.key == "" || seen[node.key]; r.short {
			break
		}
		seen[node.key] = true
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
