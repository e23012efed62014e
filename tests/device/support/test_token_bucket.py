"""How often something may happen."""

from device.support.token_bucket import TokenBucket


def test_a_burst_then_the_rate_then_a_burst_again():
    now = [100.0]
    bucket = TokenBucket(per_second=4, burst=3, clock=lambda: now[0])

    def spent():
        count = 0
        while bucket.has_tokens:
            bucket.spend()
            count += 1
        return count

    assert spent() == 3
    now[0] += 0.5
    assert spent() == 2
    now[0] += 100
    assert spent() == 3


def test_a_debt_is_paid_before_anything_may_happen():
    now = [100.0]
    bucket = TokenBucket(per_second=1, burst=2, clock=lambda: now[0])
    for _ in range(5):
        bucket.spend()
    now[0] += 3.5
    assert not bucket.has_tokens
    now[0] += 0.5
    assert bucket.has_tokens
