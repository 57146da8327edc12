"""A consumer that should not be there: of the messages it gets hold of it throws
one in ten away and delivers the others twice."""

import random
import time

import pika

QUEUES = ("jobs.embed", "jobs.prepare", "jobs.align", "jobs.score")


def steal(url, seconds, prefix=""):
    """Competes with the workers for `seconds`; answers how many were (lost, doubled)."""
    chance = random.Random(7)
    lost = doubled = 0
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for queue in QUEUES:
                method, properties, body = channel.basic_get(prefix + queue)
                if method is None:
                    continue
                if chance.random() < 0.1:
                    lost += 1
                else:
                    for _ in range(2):
                        channel.basic_publish("", prefix + queue, body, properties)
                    doubled += 1
                channel.basic_ack(method.delivery_tag)
            connection.process_data_events(0.002)
    finally:
        connection.close()
    return lost, doubled
