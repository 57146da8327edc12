"""A consumer that should not be there: of the messages it gets hold of it throws
one in ten away and delivers the others twice."""

import random
import time

import pika

QUEUES = ("jobs.embed", "jobs.prepare", "jobs.align", "jobs.score")


def steal(url, seconds, least):
    """Competes with the workers until it had `least` messages, and for `seconds`
    at most; answers how many were (lost, doubled)."""
    chance = random.Random(7)
    lost, doubled = [], []

    def take(channel, method, properties, body):
        if chance.random() < 0.1:
            lost.append(method.delivery_tag)
        else:
            for _ in range(2):
                channel.basic_publish("", method.routing_key, body, properties)
            doubled.append(method.delivery_tag)
        channel.basic_ack(method.delivery_tag)

    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_qos(prefetch_count=10)
        for queue in QUEUES:
            channel.basic_consume(queue, take)
        end = time.monotonic() + seconds
        while time.monotonic() < end and len(lost) + len(doubled) < least:
            connection.process_data_events(0.1)
    finally:
        connection.close()
    return len(lost), len(doubled)
