package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Rules are what a user may do in one namespace, as the API server listed it. It
// never changes.
type Rules struct {
	rules []authorizationv1.ResourceRule
	// everywhere tells that the question was not of one namespace, so that a rule
	// may come from a namespace that the listing happened to be about.
	everywhere bool
	// incomplete tells that an authorizer of the server cannot list its rules.
	incomplete bool
}

// May tells whether the user may use the verb on all objects of the kind. When
// known is false the API server could not say for certain: try, and see.
func (r *Rules) May(verb string, k Kind) (allowed, known bool) {
	if r.grant(verb, k) {
		// The listing mixes what is granted in the namespace with what is granted
		// in the whole cluster; only the latter counts beyond the namespace.
		return true, k.Namespaced && !r.everywhere
	}
	return false, !r.incomplete
}

func (r *Rules) grant(verb string, k Kind) bool {
	return slices.ContainsFunc(r.rules, func(rule authorizationv1.ResourceRule) bool {
		return len(rule.ResourceNames) == 0 && // else it is about some objects only
			covers(rule.Verbs, verb) && covers(rule.APIGroups, k.Group) && covers(rule.Resources, k.Resource)
	})
}

func covers(names []string, name string) bool {
	return slices.Contains(names, name) || slices.Contains(names, "*")
}

// Allowed tells what the user may do in a namespace; "" is all of them. It asks
// the API server at most once a minute, so it may be that much out of date.
func (c *Cluster) Allowed(ctx context.Context, namespace string) (*Rules, error) {
	c.mu.Lock()
	for name, review := range c.reviews {
		if review.landed() && (review.err != nil || time.Since(review.at) > c.settings.timing.rulesAge) {
			delete(c.reviews, name)
		}
	}
	review := c.reviews[namespace]
	if review == nil {
		review = launch(c.workers, func(ctx context.Context) (*Rules, error) { return c.askRules(ctx, namespace) })
		c.reviews[namespace] = review
	}
	c.mu.Unlock()
	return review.wait(ctx)
}

// askRules has the API server review what the user may do in a namespace. It
// answers for one namespace only, so for all of them it is asked about any.
func (c *Cluster) askRules(ctx context.Context, namespace string) (*Rules, error) {
	about := namespace
	if about == "" {
		about = c.Context().Namespace
	}
	question := authorizationv1.SelfSubjectRulesReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "authorization.k8s.io/v1", Kind: "SelfSubjectRulesReview"},
		Spec:     authorizationv1.SelfSubjectRulesReviewSpec{Namespace: about},
	}
	content, err := json.Marshal(question)
	if err != nil {
		return nil, fmt.Errorf("encoding a SelfSubjectRulesReview: %w", err)
	}
	body, err := c.send(ctx, request{
		method: "POST", path: "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
		accept: "application/json", body: content, firstByte: c.settings.timing.firstByte,
	})
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var answer authorizationv1.SelfSubjectRulesReview
	if err := json.NewDecoder(io.LimitReader(body, maxRules)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("reading what may be done in %s: %w", about, err)
	}
	return &Rules{
		rules:      answer.Status.ResourceRules,
		everywhere: namespace == "",
		incomplete: answer.Status.Incomplete,
	}, nil
}

// maxRules bounds a review; a user with a hundred roles has some 100 KB of it.
const maxRules = 16 << 20
