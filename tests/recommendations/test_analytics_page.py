import re
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from apps.recommendations.analytics.charts import MOST_BARS, DayChart, RateChart
from apps.recommendations.analytics.figures import AnalyticsRow, Day, Latency
from apps.recommendations.analytics.rates import Rate
from apps.recommendations.models import Scenario
from tests.factories import MovieFactory, UserFactory
from tests.recommendations.shown import show

URL = "/admin/recommendations/recommendationlist/analytics/"


def signed_in_staff(client, *permissions):
    staff = UserFactory(email="staff@example.org", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(staff)
    return client


@pytest.fixture
def reader(client, db):
    return signed_in_staff(client, "view_recommendationlist")


@pytest.fixture
def films(db):
    return MovieFactory.create_batch(6)


def page_text(client, **query):
    answer = client.get(URL, query)
    assert answer.status_code == 200
    return answer.content.decode()


def charts(page):
    """The drawings of a page; they are well-formed XML."""
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg viewBox.*?</svg>", page, re.DOTALL)]  # noqa: S314


def row_of(rate, key="knn"):
    latency = Latency(1, 2)
    return AnalyticsRow(key, 1, 10, 1, 0, 0, 0, rate, rate, 0.1, 2.0, latency, 0.0, {})


def test_the_page_shows_figures_and_two_charts(reader, films):
    show(films, opened=[0], liked=[0], latency_ms=12, fallback_reason="no_signal")
    show(films[:3], algorithm="popular", scenario="similar", days_ago=3)
    page = page_text(reader)
    for figure in ("16.67 % (", "100.0 %", "≤ 12 ms", "no signal 1", "0.00 % (0.00\N{EN DASH}79.35)", "6 films"):
        assert figure in page
    rates, by_day = charts(page)
    assert len(rates.findall("g/rect")) == 2
    assert len(by_day.findall("rect")) == 30
    assert len(by_day.findall("circle")) == 2


@pytest.mark.parametrize("by", ["algorithm", "scenario", "model"])
@pytest.mark.parametrize("days", [1, 7, 90])
def test_every_choice_renders_and_is_marked(reader, films, by, days):
    show(films, opened=[0])
    show(films, shown=0, model_version="", scenario="similar", algorithm="popular")
    page = page_text(reader, by=by, days=days)
    assert re.findall(r'aria-current="true">([^<]+)<', page) == ["today" if days == 1 else f"{days} days", f"by {by}"]


def test_a_row_leads_to_its_lists_alone_and_the_limit_back(reader, films):
    show(films, scenario="similar", opened=[0])
    show(films, scenario="session", algorithm="popular")
    assert 'href="?days=30&amp;by=scenario&amp;algorithm=knn"' in page_text(reader)
    inside = page_text(reader, days=30, by="scenario", algorithm="knn")
    assert Scenario.SIMILAR.label in inside
    assert Scenario.SESSION.label not in inside
    assert 'href="?days=30&amp;by=scenario"' in inside
    assert 'href="?days=30&amp;by=model&amp;algorithm=knn&amp;scenario=similar"' in inside


def test_without_lists_the_page_says_what_to_do(reader):
    page = page_text(reader)
    assert "No list was made in these days." in page
    assert "/api/v1/recommendations/feedback/" in page
    assert charts(page) == []
    assert "Take a limit away" in page_text(reader, algorithm="knn")


def test_lists_of_which_nothing_was_shown_have_no_bars(reader, films):
    show(films, shown=0)
    page = page_text(reader)
    assert "nothing was shown" in page
    assert len(charts(page)) == 1


def test_the_page_obeys_its_content_security_policy(reader, films):
    show(films, opened=[0])
    answer = reader.get(URL)
    policy = answer["Content-Security-Policy"]
    assert "style-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert " style=" not in answer.content.decode()
    content = answer.content.decode().partition('id="content-main"')[2].partition('id="footer"')[0]
    assert "<script" not in content


def test_what_a_model_is_called_is_text(reader, films):
    show(films, model_version="<b>v1</b>")
    page = page_text(reader, by="model")
    assert "<b>v1" not in page
    assert "&lt;b&gt;v1" in page


@pytest.mark.parametrize("query", [{"days": 91}, {"by": "user"}, {"week": 1}])
def test_what_is_not_known_is_400(reader, query):
    assert reader.get(URL, query).status_code == 400


def test_staff_without_a_right_to_lists_are_refused(client, db):
    assert signed_in_staff(client, "view_movie").get(URL).status_code == 403


@pytest.mark.parametrize("visitor", ["anonymous", "user"])
def test_a_stranger_is_sent_to_the_login(client, db, visitor):
    if visitor == "user":
        client.force_login(UserFactory())
    answer = client.get(URL)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


def test_the_list_of_lists_leads_to_the_page(reader):
    assert reverse("admin:recommendations_analytics") == URL
    assert (
        f'href="{URL}"' in reader.get(reverse("admin:recommendations_recommendationlist_changelist")).content.decode()
    )


@pytest.mark.parametrize("n_lists", [1, 30])
def test_the_page_costs_as_many_queries_whatever_it_shows(reader, films, django_assert_num_queries, n_lists):
    for number in range(n_lists):
        show(films, algorithm=f"engine {number}", days_ago=number % 7, opened=[0])
    with django_assert_num_queries(8):  # four of the analytics, who it is, and what they may do
        reader.get(URL)


@pytest.mark.parametrize("page", ["recommendationlist", "feedback"])
def test_nobody_changes_what_was_shown_or_done(admin_client, films, page):
    made = show(films, opened=[0])
    row = made if page == "recommendationlist" else made.feedback.get()
    for action, args in [("add", []), ("delete", [row.pk])]:
        assert admin_client.post(reverse(f"admin:recommendations_{page}_{action}", args=args)).status_code == 403
    assert admin_client.post(reverse(f"admin:recommendations_{page}_change", args=[row.pk])).status_code == 403


def test_the_whiskers_are_the_ends_of_the_interval():
    chart = RateChart.of([row_of(Rate(0.2, 0.1, 0.4))], ["knn"])
    assert [tick.label for tick in chart.ticks] == ["0 %", "10 %", "20 %", "30 %", "40 %"]
    bar = chart.bars[0]
    across = chart.right - chart.left
    assert (bar.width, bar.low, bar.high) == pytest.approx((across / 2, chart.left + across / 4, chart.right), abs=0.1)
    assert bar.is_capped


def test_a_handful_of_lists_do_not_flatten_all_other_bars():
    chart = RateChart.of([row_of(Rate(0.2, 0.18, 0.22)), row_of(Rate(0.1, 0, 0.95))], ["sure", "unsure"])
    assert chart.ticks[-1].label == "40 %"
    assert [(bar.high == chart.right, bar.is_capped) for bar in chart.bars] == [(False, True), (True, False)]


def test_only_so_many_bars_are_drawn_and_long_names_are_cut():
    rows = [row_of(Rate(0.0, 0.0, 0.1))] * (MOST_BARS + 5)
    chart = RateChart.of(rows, ["n" * 60] * len(rows))
    assert len(chart.bars) == MOST_BARS
    assert chart.bars[0].label.endswith("n…")


def test_days_on_which_nothing_was_shown_interrupt_the_line():
    impressions = [10, 10, 0, 10, 0, 0, 10]
    days = [Day(date(2026, 3, 1) + timedelta(n), count, count // 10) for n, count in enumerate(impressions)]
    chart = DayChart.of(days)
    assert [len(line.split()) for line in chart.lines] == [2, 1, 1]
    assert len(chart.points) == 4
    assert len(chart.columns) == 7
    assert chart.columns[0].height == chart.rise
    assert chart.dates[0].label == "1 Mar"
