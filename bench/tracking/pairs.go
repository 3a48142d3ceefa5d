package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute"

	"github.com/siam-go/siam/boost"
	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/pairnet"
	"github.com/siam-go/siam/track"
)

// network is the paper's network of pairs, one for each of some sequences, which has not learned from it.
type network struct {
	name  string
	files map[string]*modelfile.File // by sequence
	looks map[string]*pairnet.Look   // by video
}

// openNetworks reads the networks of the folders, and lets them look at the videos. What it returns besides closes them.
func openNetworks(s settings, videos []video) (all []network, closeAll func(), err error) {
	if s.pairs == "" {
		return nil, func() {}, nil
	}
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		return nil, nil, err
	}
	var models []*pairnet.Model
	closeAll = func() {
		for _, m := range models {
			m.Close()
		}
		backend.Finalize()
	}
	for _, folder := range strings.Split(s.pairs, ",") {
		n := network{filepath.Base(folder), map[string]*modelfile.File{}, map[string]*pairnet.Look{}}
		for _, v := range videos {
			file, err := modelfile.Read(filepath.Join(folder, v.name+".safetensors"))
			if errors.Is(err, fs.ErrNotExist) {
				continue // this one was not trained without the sequence
			}
			if err != nil {
				closeAll()
				return nil, nil, err
			}
			model, err := pairnet.New(backend, file)
			if err != nil {
				closeAll()
				return nil, nil, err
			}
			models = append(models, model)
			n.files[v.name] = file
			if n.looks[v.key()], err = v.pair(model, s); err != nil {
				closeAll()
				return nil, nil, err
			}
		}
		all = append(all, n)
	}
	return all, closeAll, nil
}

// pair looks at a video with a model.
func (v video) pair(model *pairnet.Model, s settings) (*pairnet.Look, error) {
	images, err := mot.OpenImages(filepath.Join(s.mot15, v.name))
	if err != nil {
		return nil, err
	}
	look := pairnet.NewLook(model)
	for i := range v.frames {
		now, err := images.Read(v.frames[i].Number)
		if err != nil {
			continue // motion alone
		}
		next, err := images.Read(v.frames[i].Number + 1)
		if err != nil {
			next = imgproc.Image{} // nothing is known to move
		}
		look.See(&v.frames[i], track.OfflineByPairs().Worth(v.frames[i].Detections), now, next)
	}
	return look, nil
}

// track tracks a whole video with the network.
func (n network) track(ctx context.Context) func(v video) (mot.Sequence, error) {
	return func(v video) (mot.Sequence, error) {
		look := n.looks[v.key()]
		if look == nil {
			return mot.Sequence{}, errSeen
		}
		out, _, err := track.OfflineByPairs().RunPairs(ctx, v.frames, look.Compare)
		return out, err
	}
}

// pairs is what the networks answer of people that they have not learned from, and what tracking with them reaches, both detectors together.
func pairs(ctx context.Context, b *strings.Builder, s settings, videos []video, networks []network) error {
	if len(networks) == 0 {
		return nil
	}
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		return err
	}
	defer backend.Finalize()
	b.WriteString("\n| network of pairs | sequence | pairs right, network alone | with its trees | whole video: MOTA | IDF1 | HOTA | switches |\n|---|---|---:|---:|---:|---:|---:|---:|\n")
	for _, n := range networks {
		for _, name := range slices.Sorted(maps.Keys(n.files)) {
			alone, trees, err := unseen(ctx, backend, n.files[name], filepath.Join(s.mot15, name))
			if err != nil {
				return err
			}
			same := slices.DeleteFunc(slices.Clone(videos), func(v video) bool { return v.name != name })
			r, _, err := total(same, method{n.name, n.track(ctx)})
			if err != nil {
				return err
			}
			fmt.Fprintf(b, "| %s | %s | %.3f | %.3f | %.3f | %.3f | %.3f | %d |\n", n.name, name, alone, trees, r.MOTA, r.IDF1, r.HOTA, r.IDSW)
		}
	}
	return nil
}

// asked is how many pairs of a sequence a network of pairs is asked about.
const asked = 2000

// unseen is the part of pairs of people of a sequence that a network answers rightly, by itself and with its trees. It has not learned from the sequence.
func unseen(ctx context.Context, backend compute.Backend, file *modelfile.File, sequence string) (alone, trees float64, err error) {
	var spec pairnet.Spec
	if err := file.DecodeSpec(&spec); err != nil {
		return 0, 0, err
	}
	set, err := spec.Read(ctx, sequence, 1)
	if err != nil {
		return 0, 0, err
	}
	sampler, err := pairnet.NewSampler(pairnet.Sampler{Spec: spec, Far: 3, Seed: 1}, set, func(int) bool { return true })
	if err != nil {
		return 0, 0, err
	}
	rng := rand.New(rand.NewPCG(1, 1))
	var drawn []pairnet.Pair
	var same []bool
	for range asked {
		p, alike := sampler.Draw(rng)
		drawn, same = append(drawn, p), append(same, alike)
	}
	_, weights, err := boost.FromTensors(file.Weights)
	if err != nil {
		return 0, 0, err
	}
	bare, err := pairnet.NewFile(spec, weights, nil)
	if err != nil {
		return 0, 0, err
	}
	if alone, err = right(ctx, backend, bare, drawn, same); err != nil {
		return 0, 0, err
	}
	trees, err = right(ctx, backend, file, drawn, same)
	return alone, trees, err
}

// right is the part of pairs that a model answers rightly.
func right(ctx context.Context, backend compute.Backend, file *modelfile.File, drawn []pairnet.Pair, same []bool) (float64, error) {
	model, err := pairnet.New(backend, file)
	if err != nil {
		return 0, err
	}
	defer model.Close()
	distances, err := model.Distances(ctx, drawn)
	count := 0
	for i, d := range distances {
		if d < 0.5 == same[i] {
			count++
		}
	}
	return float64(count) / float64(len(drawn)), err
}
