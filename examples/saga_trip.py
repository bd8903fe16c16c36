"""An airline, hotels, cars and a bank, in memory.

The request decides how far the booking gets:

    from a city to itself         NoSeat
    to Atlantis                   NoRoom, so the flight is cancelled
    to Venice                     NoCar, so the room and then the flight are cancelled
    a request that ends in 0000   the card is refused: three undos
    a request that ends in 1111   the airline loses the first cancellation: an undo is called until it succeeds
"""

import raftoral
from saga_trip import NoCar, NoRoom, NoSeat, PaymentRefused, Request, SagaTripActivities


class Agency(SagaTripActivities):
    async def book_flight(self, request: Request) -> str:
        if request.home == request.city:
            raise NoSeat(flight=f"{request.home}-{request.city}")
        return _booked("flight", request)

    async def cancel_flight(self, flight: str) -> None:
        call = raftoral.activity()
        if flight.endswith("1111") and call.attempt == 1:
            raise ConnectionError("please hold the line")
        call.log.info("%s is cancelled", flight)

    async def book_room(self, request: Request) -> str:
        if request.city == "Atlantis":
            raise NoRoom(city=request.city)
        return _booked("room", request)

    async def cancel_room(self, room: str) -> None:
        raftoral.activity().log.info("%s is cancelled", room)

    async def book_car(self, request: Request) -> str:
        if request.city == "Venice":
            raise NoCar(city=request.city)
        return _booked("car", request)

    async def cancel_car(self, car: str) -> None:
        raftoral.activity().log.info("%s is cancelled", car)

    async def take_payment(self, request: Request) -> str:
        if request.id.endswith("0000"):
            raise PaymentRefused(code="51")
        return _booked("payment", request)


def _booked(what: str, request: Request) -> str:
    raftoral.activity().log.info("%s for %s", what, request.city)
    return f"{what}-{request.id}"
