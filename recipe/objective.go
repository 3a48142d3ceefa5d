package recipe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/train"
)

func (s ObjectiveSettings) rules() []rule {
	return []rule{
		{"memory", s.Memory, s.Memory >= 0, "0 or more"},
		{"pairs", s.Pairs, s.Pairs >= 1 || !s.drawsPairs(), "1 or more"},
		{"pool", s.Pool, s.Pool >= 0, "0 or more"},
		{"refresh", s.Refresh, s.Refresh >= 0, "0 or more"},
		{"hard", s.Hard, s.Hard >= 0 && s.Hard <= 1, "0 to 1"},
		{"together", s.Together, s.Together >= 0, "0 or more"},
	}
}

// drawsPairs says whether a batch is pairs of images; otherwise it is some images of some classes.
func (s ObjectiveSettings) drawsPairs() bool { return s.Objective == "pairs" }

// hasPairHead says whether embeddings are compared by a pair head that is learned with them; otherwise they lie on the unit sphere.
func (s ObjectiveSettings) hasPairHead() bool {
	return s.Objective == "pairs" || s.Objective == "all_pairs"
}

// task is what the settings ask to train; classes is how many there are to learn from.
func (s ObjectiveSettings) task(spec encoder.Spec, classes int) (train.Task[*dataset.Batch], error) {
	switch s.Objective {
	case "pairs":
		return train.Pairs{Spec: spec}, nil
	case "all_pairs":
		shares, err := s.shares()
		return train.AllPairs{Spec: spec, Shares: shares}, err
	}
	labels, err := s.labels(classes)
	labels.Spec = spec
	return labels, err
}

// shares are what the kinds of pairs of "all_pairs" count: the same as much as all others, and most of these within an alphabet, where
// they look alike.
func (s ObjectiveSettings) shares() (train.Shares, error) {
	shares := train.Shares{Same: 0.5, Near: 0.35, Far: 0.15}
	fields := map[string]*float64{"same": &shares.Same, "near": &shares.Near, "far": &shares.Far}
	for name, share := range s.Loss {
		field, known := fields[name]
		if !known || !(share >= 0 && share <= 1) {
			return shares, fmt.Errorf("setting loss.%s=%v: want 0 to 1 for same, near and far", name, share)
		}
		*field = share
	}
	return shares, nil
}

// labels is the loss that the settings ask for, when it is not that of pairs, without the encoder that it trains.
func (s ObjectiveSettings) labels(classes int) (train.Labels, error) {
	if !slices.Contains(metric.LossNames(), s.Objective) {
		return train.Labels{}, fmt.Errorf("setting objective=%s: want pairs or a loss: %s; or all_pairs", s.Objective, strings.Join(metric.LossNames(), ", "))
	}
	choice := metric.Choice{Loss: s.Objective, Miner: s.Mining, Parameters: s.Loss, Memory: s.Memory, Classes: classes}
	objective, err := choice.Objective()
	if err != nil {
		return train.Labels{}, fmt.Errorf("setting objective=%s: %w", s.Objective, err)
	}
	return train.Labels{Objective: objective, Miners: choice.Easier()}, nil
}

// distance is how the finished model compares embeddings; empty when its pair head does.
func (s ObjectiveSettings) distance() string {
	if s.hasPairHead() {
		return ""
	}
	labels, err := s.labels(1)
	if err != nil {
		return ""
	}
	return labels.Objective.Distance.Name
}

// hardness is how much of a batch is chosen by what the network takes for one another, which an index holds, nil for nothing.
func (s ObjectiveSettings) hardness(index *dataset.Lookalikes) dataset.Hard {
	return dataset.Hard{Index: index, Share: s.Hard, Together: s.Together}
}

// pairs draws the pairs of each batch.
func (s ObjectiveSettings) pairs(set *dataset.Set, hard dataset.Hard, seed uint64) (dataset.Sampler, error) {
	return dataset.NewPairSampler(set, dataset.PairOptions{Pairs: s.Pairs, Pool: s.Pool, Hard: hard, Seed: seed})
}

// batchesOfAll is how many batches of pairs show all that there are, or as many as there are images.
func (s ObjectiveSettings) batchesOfAll(set *dataset.Set) int {
	pool := s.Pool
	if pool == 0 {
		pool = len(set.Items)
	}
	return max(1, pool/s.Pairs)
}

// augment is the distortion that the settings ask for.
func (s ObjectiveSettings) augment() (dataset.Augment, error) {
	switch s.Distort {
	case "none":
		return dataset.Augment{}, nil
	case "koch":
		return dataset.KochDistortions(), nil
	case "moderate":
		return distortions(10, 0.18, 0.18, 0.15), nil
	case "light":
		return distortions(5, 0.1, 0.06, 0.1), nil
	case "photo":
		return photoDistortions(), nil
	}
	return dataset.Augment{}, fmt.Errorf("setting distort=%s: want none, koch, moderate, light or photo", s.Distort)
}
